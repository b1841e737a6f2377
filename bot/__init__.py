"""The running process: surfaces, scheduler, settings and wiring; the only floor that names concrete parts."""
