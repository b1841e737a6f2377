"""The dashboard in the browser: shows the books and sends command lines; must not know how either is made."""
