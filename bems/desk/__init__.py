"""The operators' desk: orders over points and settings, who gave them, and what they are likely to cost."""
