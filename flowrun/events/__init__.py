"""What happened, past tense: one closed union, its codec and the stamp it travels under."""
