"""`tiller bridge`: runs beside an MT5 terminal and makes the calls that a bot elsewhere asks for; it knows no desk."""
