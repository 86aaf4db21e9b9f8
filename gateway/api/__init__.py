"""The JSON API by audience. Each module lists its routes; `forward` carries them to the services."""
