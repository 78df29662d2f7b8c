"""The JSON API by topic. `site` puts them together."""
