"""What is expected over a plan's horizon: weather, sun, prices, load, cars and comfort."""
