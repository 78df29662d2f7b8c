"""Answers for the pages plan, energy and water, from record, plan and tariff."""
