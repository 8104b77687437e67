"""The made-up sample: a catalogue and Top 10 lists like the published ones."""
