"""The made-up sample: a catalogue, Top 10 lists and half-yearly reports like the published ones."""
