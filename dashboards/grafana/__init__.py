"""Grafana for a site: a datasource and five dashboards, generated from the site file. Pure: site in, text out."""
