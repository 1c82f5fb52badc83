"""How fast nvgre-doctor is: made captures, and a runner that measures it beside its peers."""
