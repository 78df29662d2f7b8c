"""What people see: operator pages and the HTTP API."""
