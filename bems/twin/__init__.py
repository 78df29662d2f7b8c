"""The fitted model as a plant: `plant.Twin` is what others take, `account` what they ask of it."""
