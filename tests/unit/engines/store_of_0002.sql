-- A store as the release with migrations 0001 and 0002 left it: one run completed, one parked, one
-- crashed between the intent of `second`, a tool that must not run twice, and its result.
BEGIN TRANSACTION;
CREATE TABLE assistant (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE assistant_run (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    thread INTEGER NOT NULL REFERENCES thread (number) ON DELETE CASCADE,
    first_place INTEGER NOT NULL,
    assistant_id TEXT NOT NULL,
    snapshot TEXT NOT NULL REFERENCES run_snapshot (digest),
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    status TEXT NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    tokens TEXT NOT NULL,
    ending TEXT
);
CREATE TABLE flow_run (
    number INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    flow TEXT NOT NULL,
    status TEXT NOT NULL,
    plan_digest TEXT NOT NULL,
    inputs TEXT NOT NULL,
    environment TEXT NOT NULL,
    origin TEXT NOT NULL,
    started_at REAL NOT NULL,
    finished_at REAL,
    entries INTEGER NOT NULL,
    error TEXT
);
INSERT INTO "flow_run" VALUES(1,'desk-done','desk','completed','15e72cb1e9b803ab25fb4d94f1ead13e74e4971a694fa2316c64357d65d6b15b','{"city":"Köln"}','{}','{"path":"desk.flow.yaml"}',1795000000.0,1795000000.0,1,NULL);
INSERT INTO "flow_run" VALUES(2,'desk-parked','desk','parked','15e72cb1e9b803ab25fb4d94f1ead13e74e4971a694fa2316c64357d65d6b15b','{"city":"Köln"}','{}','{"path":"desk.flow.yaml"}',1795000000.0,NULL,1,NULL);
INSERT INTO "flow_run" VALUES(3,'desk-crashed','desk','running','15e72cb1e9b803ab25fb4d94f1ead13e74e4971a694fa2316c64357d65d6b15b','{"city":"Köln"}','{}','{"path":"desk.flow.yaml"}',1795000000.0,NULL,1,NULL);
CREATE TABLE journal (
    run INTEGER NOT NULL REFERENCES flow_run (number) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (run, seq)
) WITHOUT ROWID;
INSERT INTO "journal" VALUES(1,1,'run/started','event','{"type":"flow_run_started","flow":"desk","plan_digest":"15e72cb1e9b803ab25fb4d94f1ead13e74e4971a694fa2316c64357d65d6b15b","inputs":{"city":"Köln"}}',1795000000.0);
INSERT INTO "journal" VALUES(1,2,'steps/first/started','event','{"type":"step_started","step":"first"}',1795000000.0);
INSERT INTO "journal" VALUES(1,3,'steps/first/finished','event','{"type":"step_finished","step":"first","status":"completed","output":{"did":"look"},"error":null,"error_code":null,"hint":null,"messages":[],"tool_calls":[],"usage":null,"thread_id":null,"run_id":null,"duration_s":0.0}',1795000000.0);
INSERT INTO "journal" VALUES(1,4,'steps/second/started','event','{"type":"step_started","step":"second"}',1795000000.0);
INSERT INTO "journal" VALUES(1,5,'steps/second/finished','intent','{}',1795000000.0);
INSERT INTO "journal" VALUES(1,6,'steps/second/finished','event','{"type":"step_finished","step":"second","status":"completed","output":{"did":"pay"},"error":null,"error_code":null,"hint":null,"messages":[],"tool_calls":[],"usage":null,"thread_id":null,"run_id":null,"duration_s":0.0}',1795000000.0);
INSERT INTO "journal" VALUES(1,7,'steps/third/started','event','{"type":"step_started","step":"third"}',1795000000.0);
INSERT INTO "journal" VALUES(1,8,'steps/third/finished','event','{"type":"step_finished","step":"third","status":"completed","output":{"did":"look"},"error":null,"error_code":null,"hint":null,"messages":[],"tool_calls":[],"usage":null,"thread_id":null,"run_id":null,"duration_s":0.0}',1795000000.0);
INSERT INTO "journal" VALUES(1,9,'run/finished','event','{"type":"flow_run_finished","status":"completed","outputs":{"city":"Köln","third":{"did":"look"}},"error":null,"error_code":null,"hint":null,"duration_s":0.0}',1795000000.0);
INSERT INTO "journal" VALUES(2,1,'run/started','event','{"type":"flow_run_started","flow":"desk","plan_digest":"15e72cb1e9b803ab25fb4d94f1ead13e74e4971a694fa2316c64357d65d6b15b","inputs":{"city":"Köln"}}',1795000000.0);
INSERT INTO "journal" VALUES(2,2,'steps/first/started','event','{"type":"step_started","step":"first"}',1795000000.0);
INSERT INTO "journal" VALUES(2,3,'steps/first/finished','event','{"type":"step_finished","step":"first","status":"completed","output":{"did":"look"},"error":null,"error_code":null,"hint":null,"messages":[],"tool_calls":[],"usage":null,"thread_id":null,"run_id":null,"duration_s":0.0}',1795000000.0);
INSERT INTO "journal" VALUES(2,4,'steps/second/started','event','{"type":"step_started","step":"second"}',1795000000.0);
INSERT INTO "journal" VALUES(2,5,'steps/second/finished','intent','{}',1795000000.0);
INSERT INTO "journal" VALUES(2,6,'steps/second/finished','event','{"type":"step_finished","step":"second","status":"completed","output":{"did":"pay"},"error":null,"error_code":null,"hint":null,"messages":[],"tool_calls":[],"usage":null,"thread_id":null,"run_id":null,"duration_s":0.0}',1795000000.0);
INSERT INTO "journal" VALUES(2,7,'steps/third/started','event','{"type":"step_started","step":"third"}',1795000000.0);
INSERT INTO "journal" VALUES(2,8,'run/parked[7]','event','{"type":"flow_run_parked","reason":"interrupted"}',1795000000.0);
INSERT INTO "journal" VALUES(3,1,'run/started','event','{"type":"flow_run_started","flow":"desk","plan_digest":"15e72cb1e9b803ab25fb4d94f1ead13e74e4971a694fa2316c64357d65d6b15b","inputs":{"city":"Köln"}}',1795000000.0);
INSERT INTO "journal" VALUES(3,2,'steps/first/started','event','{"type":"step_started","step":"first"}',1795000000.0);
INSERT INTO "journal" VALUES(3,3,'steps/first/finished','event','{"type":"step_finished","step":"first","status":"completed","output":{"did":"look"},"error":null,"error_code":null,"hint":null,"messages":[],"tool_calls":[],"usage":null,"thread_id":null,"run_id":null,"duration_s":0.0}',1795000000.0);
INSERT INTO "journal" VALUES(3,4,'steps/second/started','event','{"type":"step_started","step":"second"}',1795000000.0);
INSERT INTO "journal" VALUES(3,5,'steps/second/finished','intent','{}',1795000000.0);
CREATE TABLE message (
    thread INTEGER NOT NULL REFERENCES thread (number) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    run_id TEXT,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    body TEXT NOT NULL,
    PRIMARY KEY (thread, place)
) WITHOUT ROWID;
CREATE TABLE migration (name TEXT PRIMARY KEY, flowrun TEXT NOT NULL);
INSERT INTO "migration" VALUES('0001_journal','0.1.0');
INSERT INTO "migration" VALUES('0002_assistants','0.1.0');
CREATE TABLE owner (epoch INTEGER NOT NULL, holder TEXT NOT NULL);
INSERT INTO "owner" VALUES(3,'flowrun 0.1.0 (process 1)');
CREATE TABLE plan (digest TEXT PRIMARY KEY, abi INTEGER NOT NULL, body TEXT NOT NULL);
INSERT INTO "plan" VALUES('15e72cb1e9b803ab25fb4d94f1ead13e74e4971a694fa2316c64357d65d6b15b',1,'{"abi":1,"assistants":[],"env":[],"flow":"desk","inputs":[["city",{"type":"string"}]],"outputs":[["city","{{ inputs.city }}"],["third","{{ steps.third.output }}"]],"steps":[{"action":{"tool":"look"},"kind":"tool","lane":"(first)","name":"first","needs":[],"number":1,"on_error":"continue"},{"action":{"tool":"pay"},"kind":"tool","lane":"(second)","name":"second","needs":["first"],"number":2,"on_error":"continue"},{"action":{"tool":"look"},"kind":"tool","lane":"(third)","name":"third","needs":["second"],"number":3,"on_error":"continue"}],"threads":[],"tools":[{"cwd":".","effect":"repeatable","entrypoint":"desk:look","kind":"python","max_output":65536,"name":"look","on_error":"tell_model","timeout_s":60.0},{"cwd":".","effect":"at_most_once","entrypoint":"desk:pay","kind":"python","max_output":65536,"name":"pay","on_error":"tell_model","timeout_s":60.0}]}');
CREATE TABLE run_snapshot (
    digest TEXT PRIMARY KEY,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE run_step (
    thread INTEGER NOT NULL REFERENCES thread (number) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    id TEXT NOT NULL UNIQUE,
    run_id TEXT NOT NULL,
    message_id TEXT,
    calls TEXT,
    outputs TEXT,
    tokens TEXT,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    ending TEXT,
    PRIMARY KEY (thread, place)
) WITHOUT ROWID;
CREATE TABLE thread (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX flow_run_by_start ON flow_run (started_at);
CREATE UNIQUE INDEX journal_by_key ON journal (run, key, kind);
CREATE UNIQUE INDEX assistant_by_label ON assistant (label) WHERE label <> '';
CREATE UNIQUE INDEX thread_by_label ON thread (label) WHERE label <> '';
CREATE UNIQUE INDEX assistant_run_by_label ON assistant_run (label) WHERE label <> '';
CREATE INDEX assistant_run_by_thread ON assistant_run (thread, number);
COMMIT;
