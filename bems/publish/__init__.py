"""What leaves the building: feeds from the record to other systems. Only what models.outgoing lets through is sent."""
