"""What happened, past tense: one closed union, its codec and the bus it travels on."""
