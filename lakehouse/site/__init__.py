"""The site: static pages made from the marts. `python -m site_pages --help`."""
