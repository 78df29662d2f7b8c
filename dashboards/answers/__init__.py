"""What the JSON API asks for and answers with, by topic. Field names carry units; texts come in both languages."""
