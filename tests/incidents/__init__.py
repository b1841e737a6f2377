"""What went wrong at other desks, told one test each: see README.md for which failure is proved where."""
