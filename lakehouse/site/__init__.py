"""The site: static pages made from the marts."""
