"""What can be asked of the desk and what is answered; must not know any transport."""
