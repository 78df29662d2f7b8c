"""Field drivers (Modbus, BACnet, MQTT) and feeds (prices, weather): the only code that talks to the outside."""
