# The effect is had by a grandchild in a session of its own, which no signal to the group reaches.
note() { echo "$1 $FLOWRUN_RUN_ID haul $ORDER $FLOWRUN_IDEMPOTENCY_KEY $$" >> "$FAULTS_LEDGER"; }
export ORDER="$1"
note begins
setsid -w sh -c 'sleep 0.6; echo "effect $FLOWRUN_RUN_ID haul $ORDER $FLOWRUN_IDEMPOTENCY_KEY $$" >> "$FAULTS_LEDGER"'
note ends
