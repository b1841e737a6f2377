"""What an alert wants: from a webhook's body to command lines of the desk; knows no transport, no clock, no book."""
