"""Pictures of candles and of equity, drawn with Pillow for every surface; nothing imports it before the first."""
