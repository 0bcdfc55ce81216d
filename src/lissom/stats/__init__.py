"""How sure a figure is: intervals of shares, and whether two results differ. No torch here."""
