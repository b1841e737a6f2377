"""The paper venue: live or simulated prices, pretended money, real bookkeeping; it knows nothing of our journal."""
