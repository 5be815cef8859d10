BEGIN TRANSACTION;
CREATE TABLE assistant (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    body TEXT NOT NULL
);
INSERT INTO "assistant" VALUES(1,'asst_e8gkEdvB1vIOYhgS0T3EmZtK','6d3d00b3aa30e1fc3b3e9c482e8e368e31571b8d958e803d345825ebbf3b5443',1795193563,'{"model":"m","endpoint":"","name":"clerk","description":"","instructions":"You do as you are told.","tools":[{"name":"look","description":"Look something up.","parameters":{"type":"object","properties":{"order":{"type":"integer"}},"required":["order"],"additionalProperties":false},"strict":false},{"name":"ship","description":"Ship a parcel.","parameters":{"type":"object","properties":{"order":{"type":"integer"}},"required":["order"],"additionalProperties":false},"strict":false}],"temperature":null,"top_p":null,"reasoning_effort":null,"response_format":null,"metadata":{}}');
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
INSERT INTO "assistant_run" VALUES(1,'run_UX2RAIhhwTI8mYS7Jycwv0hI','label_r8OZcOk1b4mPR7ZScTkT5Ft0',1,2,'asst_e8gkEdvB1vIOYhgS0T3EmZtK','a50f6c2970b13415872cc9d7ce228100c395702ad778e235f763d697aedfdb9c','{"metadata":{},"tool_choice":null,"parallel_tool_calls":null,"max_prompt_tokens":null,"max_completion_tokens":null,"truncation":["auto",null],"response_format":null}',1795193563,1795194163,'completed',1795193564,1795193564,'[21,9,30,0,0,21,9]',NULL);
INSERT INTO "assistant_run" VALUES(2,'run_AKwNz3JTTr6PEW4e9fk5LuVs','label_TYghLVcW3Zld6qnr7u9AfoE1',1,7,'asst_e8gkEdvB1vIOYhgS0T3EmZtK','a50f6c2970b13415872cc9d7ce228100c395702ad778e235f763d697aedfdb9c','{"metadata":{},"tool_choice":null,"parallel_tool_calls":null,"max_prompt_tokens":null,"max_completion_tokens":null,"truncation":["auto",null],"response_format":null}',1795193564,1795194164,'completed',1795193564,1795193564,'[14,6,20,0,0,14,6]',NULL);
INSERT INTO "assistant_run" VALUES(3,'run_8GSPXrMd2cD5fMkfvh7kACPN','label_jSR7u33dTJjwr9BSLjqQr9Gf',2,2,'asst_e8gkEdvB1vIOYhgS0T3EmZtK','a50f6c2970b13415872cc9d7ce228100c395702ad778e235f763d697aedfdb9c','{"metadata":{},"tool_choice":null,"parallel_tool_calls":null,"max_prompt_tokens":null,"max_completion_tokens":null,"truncation":["auto",null],"response_format":null}',1795193565,1795194165,'requires_action',1795193565,NULL,'[14,6,20,0,0,14,6]',NULL);
INSERT INTO "assistant_run" VALUES(4,'run_5l0bqXmYgn6rcPKFFyhYzJWV','label_TfXc3kitcHyhnAvfJFxadI1C',3,2,'asst_e8gkEdvB1vIOYhgS0T3EmZtK','a50f6c2970b13415872cc9d7ce228100c395702ad778e235f763d697aedfdb9c','{"metadata":{},"tool_choice":null,"parallel_tool_calls":null,"max_prompt_tokens":null,"max_completion_tokens":null,"truncation":["auto",null],"response_format":null}',1795193566,1795194166,'completed',1795193567,1795193567,'[21,9,30,0,0,21,9]',NULL);
INSERT INTO "assistant_run" VALUES(5,'run_pg2gkP0f19RmhKwLiAZYiycd','label_LbTz6qRfJmEDQNnNCTozCCkr',3,7,'asst_e8gkEdvB1vIOYhgS0T3EmZtK','a50f6c2970b13415872cc9d7ce228100c395702ad778e235f763d697aedfdb9c','{"metadata":{},"tool_choice":null,"parallel_tool_calls":null,"max_prompt_tokens":null,"max_completion_tokens":null,"truncation":["auto",null],"response_format":null}',1795193567,1795194167,'queued',1795193567,NULL,'[7,3,10,0,0,7,3]',NULL);
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
INSERT INTO "flow_run" VALUES(1,'old-done','old','completed','763f973713dec1b9dbab04164d286eface2bff23b0518bd120df98acff1ffd21','{}','{}','{"default":"live","path":"old.flow.yaml"}',1.79519356321357607844e+09,1.79519356474780154226e+09,1,NULL);
INSERT INTO "flow_run" VALUES(2,'old-killed','old','running','763f973713dec1b9dbab04164d286eface2bff23b0518bd120df98acff1ffd21','{}','{}','{"default":"live","path":"old.flow.yaml"}',1.7951935652985289097e+09,NULL,1,NULL);
INSERT INTO "flow_run" VALUES(3,'old-parked','old','parked','763f973713dec1b9dbab04164d286eface2bff23b0518bd120df98acff1ffd21','{}','{}','{"default":"live","path":"old.flow.yaml"}',1.79519356645559597014e+09,NULL,1,NULL);
CREATE TABLE journal (
    run INTEGER NOT NULL REFERENCES flow_run (number) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (run, seq)
) WITHOUT ROWID;
INSERT INTO "journal" VALUES(1,1,'run/started','event','{"type":"flow_run_started","flow":"old","plan_digest":"763f973713dec1b9dbab04164d286eface2bff23b0518bd120df98acff1ffd21","inputs":{}}',1.79519356321360206603e+09);
INSERT INTO "journal" VALUES(1,2,'steps/first/started','event','{"type":"step_started","step":"first"}',1.79519356321453690521e+09);
INSERT INTO "journal" VALUES(1,3,'steps/first/run[run_UX2RAIhhwTI8mYS7Jycwv0hI]','event','{"type":"assistant_run_started","step":"first","assistant":"clerk","thread_id":"thread_u88SysD7zTTX7xCXKZur6zim","run_id":"run_UX2RAIhhwTI8mYS7Jycwv0hI"}',1.79519356321529984475e+09);
INSERT INTO "journal" VALUES(1,4,'steps/first/round[1]','event','{"type":"tool_calls_requested","step":"first","run_id":"run_UX2RAIhhwTI8mYS7Jycwv0hI","round":1,"calls":[{"id":"call_8111d8f69211715a","tool":"look","arguments":"{\"order\": 11}"},{"id":"call_77bfec33a171a5ec","tool":"ship","arguments":"{\"order\": 12}"}]}',1.79519356346755409241e+09);
INSERT INTO "journal" VALUES(1,5,'steps/first/round[1]/tool[call_77bfec33a171a5ec]','intent','{}',1.79519356346843242649e+09);
INSERT INTO "journal" VALUES(1,6,'steps/first/round[1]/tool[call_8111d8f69211715a]','event','{"type":"tool_call_finished","step":"first","call_id":"call_8111d8f69211715a","tool":"look","status":"completed","output":"{\"order\":11}","error":null,"duration_s":0.0006573200225830078}',1.79519356346868491167e+09);
INSERT INTO "journal" VALUES(1,7,'steps/first/round[1]/tool[call_77bfec33a171a5ec]','event','{"type":"tool_call_finished","step":"first","call_id":"call_77bfec33a171a5ec","tool":"ship","status":"completed","output":"{\"order\":12}","error":null,"duration_s":0.40144968032836914}',1.79519356386990618706e+09);
INSERT INTO "journal" VALUES(1,8,'steps/first/round[1]/submitted','event','{"type":"tool_outputs_submitted","step":"first","run_id":"run_UX2RAIhhwTI8mYS7Jycwv0hI","round":1,"call_ids":["call_8111d8f69211715a","call_77bfec33a171a5ec"]}',1.79519356387095379828e+09);
INSERT INTO "journal" VALUES(1,9,'steps/first/round[2]','event','{"type":"tool_calls_requested","step":"first","run_id":"run_UX2RAIhhwTI8mYS7Jycwv0hI","round":2,"calls":[{"id":"call_25b350e2de957df6","tool":"ship","arguments":"{\"order\": 13}"},{"id":"call_1ed599eff6d6b03b","tool":"look","arguments":"{\"order\": 14}"}]}',1.79519356388789749151e+09);
INSERT INTO "journal" VALUES(1,10,'steps/first/round[2]/tool[call_25b350e2de957df6]','intent','{}',1.7951935638885691166e+09);
INSERT INTO "journal" VALUES(1,11,'steps/first/round[2]/tool[call_1ed599eff6d6b03b]','event','{"type":"tool_call_finished","step":"first","call_id":"call_1ed599eff6d6b03b","tool":"look","status":"completed","output":"{\"order\":14}","error":null,"duration_s":0.0004401206970214844}',1.79519356388904428476e+09);
INSERT INTO "journal" VALUES(1,12,'steps/first/round[2]/tool[call_25b350e2de957df6]','event','{"type":"tool_call_finished","step":"first","call_id":"call_25b350e2de957df6","tool":"ship","status":"completed","output":"{\"order\":13}","error":null,"duration_s":0.4021010398864746}',1.79519356429064846037e+09);
INSERT INTO "journal" VALUES(1,13,'steps/first/round[2]/submitted','event','{"type":"tool_outputs_submitted","step":"first","run_id":"run_UX2RAIhhwTI8mYS7Jycwv0hI","round":2,"call_ids":["call_25b350e2de957df6","call_1ed599eff6d6b03b"]}',1.79519356429141569136e+09);
INSERT INTO "journal" VALUES(1,14,'steps/first/finished','event','{"type":"step_finished","step":"first","status":"completed","output":"done first","error":null,"error_code":null,"hint":null,"messages":["done first"],"tool_calls":[{"id":"call_8111d8f69211715a","name":"look","arguments":"{\"order\": 11}","output":"{\"order\":11}","error":null},{"id":"call_77bfec33a171a5ec","name":"ship","arguments":"{\"order\": 12}","output":"{\"order\":12}","error":null},{"id":"call_25b350e2de957df6","name":"ship","arguments":"{\"order\": 13}","output":"{\"order\":13}","error":null},{"id":"call_1ed599eff6d6b03b","name":"look","arguments":"{\"order\": 14}","output":"{\"order\":14}","error":null}],"usage":{"prompt_tokens":21,"completion_tokens":9,"total_tokens":30},"thread_id":"thread_u88SysD7zTTX7xCXKZur6zim","run_id":"run_UX2RAIhhwTI8mYS7Jycwv0hI","duration_s":1.0956141948699951}',1.79519356431024265296e+09);
INSERT INTO "journal" VALUES(1,15,'steps/second/started','event','{"type":"step_started","step":"second"}',1.79519356431068921086e+09);
INSERT INTO "journal" VALUES(1,16,'steps/second/run[run_AKwNz3JTTr6PEW4e9fk5LuVs]','event','{"type":"assistant_run_started","step":"second","assistant":"clerk","thread_id":"thread_u88SysD7zTTX7xCXKZur6zim","run_id":"run_AKwNz3JTTr6PEW4e9fk5LuVs"}',1.795193564310962677e+09);
INSERT INTO "journal" VALUES(1,17,'steps/shipped/started','event','{"type":"step_started","step":"shipped"}',1.7951935643117394448e+09);
INSERT INTO "journal" VALUES(1,18,'steps/shipped/finished','intent','{}',1.79519356431178259852e+09);
INSERT INTO "journal" VALUES(1,19,'steps/second/round[1]','event','{"type":"tool_calls_requested","step":"second","run_id":"run_AKwNz3JTTr6PEW4e9fk5LuVs","round":1,"calls":[{"id":"call_cd691f1507bfc956","tool":"look","arguments":"{\"order\": 21}"},{"id":"call_ee31f33020efd86e","tool":"ship","arguments":"{\"order\": 22}"}]}',1.79519356432652449611e+09);
INSERT INTO "journal" VALUES(1,20,'steps/second/round[1]/tool[call_ee31f33020efd86e]','intent','{}',1.79519356432747292516e+09);
INSERT INTO "journal" VALUES(1,21,'steps/second/round[1]/tool[call_cd691f1507bfc956]','event','{"type":"tool_call_finished","step":"second","call_id":"call_cd691f1507bfc956","tool":"look","status":"completed","output":"{\"order\":21}","error":null,"duration_s":0.0006077289581298828}',1.79519356432766413692e+09);
INSERT INTO "journal" VALUES(1,22,'steps/shipped/finished','event','{"type":"step_finished","step":"shipped","status":"completed","output":{"order":31},"error":null,"error_code":null,"hint":null,"messages":[],"tool_calls":[],"usage":null,"thread_id":null,"run_id":null,"duration_s":0.4022531509399414}',1.7951935647140703201e+09);
INSERT INTO "journal" VALUES(1,23,'steps/second/round[1]/tool[call_ee31f33020efd86e]','event','{"type":"tool_call_finished","step":"second","call_id":"call_ee31f33020efd86e","tool":"ship","status":"completed","output":"{\"order\":22}","error":null,"duration_s":0.4014737606048584}',1.7951935647289590835e+09);
INSERT INTO "journal" VALUES(1,24,'steps/second/round[1]/submitted','event','{"type":"tool_outputs_submitted","step":"second","run_id":"run_AKwNz3JTTr6PEW4e9fk5LuVs","round":1,"call_ids":["call_cd691f1507bfc956","call_ee31f33020efd86e"]}',1.795193564729573965e+09);
INSERT INTO "journal" VALUES(1,25,'steps/second/finished','event','{"type":"step_finished","step":"second","status":"completed","output":"done second","error":null,"error_code":null,"hint":null,"messages":["done second"],"tool_calls":[{"id":"call_cd691f1507bfc956","name":"look","arguments":"{\"order\": 21}","output":"{\"order\":21}","error":null},{"id":"call_ee31f33020efd86e","name":"ship","arguments":"{\"order\": 22}","output":"{\"order\":22}","error":null}],"usage":{"prompt_tokens":14,"completion_tokens":6,"total_tokens":20},"thread_id":"thread_u88SysD7zTTX7xCXKZur6zim","run_id":"run_AKwNz3JTTr6PEW4e9fk5LuVs","duration_s":0.43661046028137207}',1.79519356474736332899e+09);
INSERT INTO "journal" VALUES(1,26,'run/finished','event','{"type":"flow_run_finished","status":"completed","outputs":{"second":"done second"},"error":null,"error_code":null,"hint":null,"duration_s":1.5333025455474854}',1.79519356474781274788e+09);
INSERT INTO "journal" VALUES(2,1,'run/started','event','{"type":"flow_run_started","flow":"old","plan_digest":"763f973713dec1b9dbab04164d286eface2bff23b0518bd120df98acff1ffd21","inputs":{}}',1.79519356529855632778e+09);
INSERT INTO "journal" VALUES(2,2,'steps/first/started','event','{"type":"step_started","step":"first"}',1.79519356529945111277e+09);
INSERT INTO "journal" VALUES(2,3,'steps/first/run[run_8GSPXrMd2cD5fMkfvh7kACPN]','event','{"type":"assistant_run_started","step":"first","assistant":"clerk","thread_id":"thread_z1ZMFxUU5hekSed9oa6MId3s","run_id":"run_8GSPXrMd2cD5fMkfvh7kACPN"}',1.79519356530015492434e+09);
INSERT INTO "journal" VALUES(2,4,'steps/first/round[1]','event','{"type":"tool_calls_requested","step":"first","run_id":"run_8GSPXrMd2cD5fMkfvh7kACPN","round":1,"calls":[{"id":"call_68d2fb8006459aa4","tool":"look","arguments":"{\"order\": 11}"},{"id":"call_1b9b6051b6487259","tool":"ship","arguments":"{\"order\": 12}"}]}',1.79519356558487653725e+09);
INSERT INTO "journal" VALUES(2,5,'steps/first/round[1]/tool[call_1b9b6051b6487259]','intent','{}',1.7951935655857379436e+09);
INSERT INTO "journal" VALUES(2,6,'steps/first/round[1]/tool[call_68d2fb8006459aa4]','event','{"type":"tool_call_finished","step":"first","call_id":"call_68d2fb8006459aa4","tool":"look","status":"completed","output":"{\"order\":11}","error":null,"duration_s":0.0006544589996337891}',1.79519356558597683909e+09);
INSERT INTO "journal" VALUES(2,7,'steps/first/round[1]/tool[call_1b9b6051b6487259]','event','{"type":"tool_call_finished","step":"first","call_id":"call_1b9b6051b6487259","tool":"ship","status":"completed","output":"{\"order\":12}","error":null,"duration_s":0.4014856815338135}',1.79519356598724699018e+09);
INSERT INTO "journal" VALUES(2,8,'steps/first/round[1]/submitted','event','{"type":"tool_outputs_submitted","step":"first","run_id":"run_8GSPXrMd2cD5fMkfvh7kACPN","round":1,"call_ids":["call_68d2fb8006459aa4","call_1b9b6051b6487259"]}',1.79519356598864865308e+09);
INSERT INTO "journal" VALUES(2,9,'steps/first/round[2]','event','{"type":"tool_calls_requested","step":"first","run_id":"run_8GSPXrMd2cD5fMkfvh7kACPN","round":2,"calls":[{"id":"call_af4e62530d154c20","tool":"ship","arguments":"{\"order\": 13}"},{"id":"call_2302f9bb7b302b72","tool":"look","arguments":"{\"order\": 14}"}]}',1.79519356600441622739e+09);
INSERT INTO "journal" VALUES(2,10,'steps/first/round[2]/tool[call_af4e62530d154c20]','intent','{}',1.79519356600495457645e+09);
INSERT INTO "journal" VALUES(2,11,'steps/first/round[2]/tool[call_2302f9bb7b302b72]','event','{"type":"tool_call_finished","step":"first","call_id":"call_2302f9bb7b302b72","tool":"look","status":"completed","output":"{\"order\":14}","error":null,"duration_s":0.00030422210693359375}',1.79519356600528264041e+09);
INSERT INTO "journal" VALUES(3,1,'run/started','event','{"type":"flow_run_started","flow":"old","plan_digest":"763f973713dec1b9dbab04164d286eface2bff23b0518bd120df98acff1ffd21","inputs":{}}',1.79519356645562195781e+09);
INSERT INTO "journal" VALUES(3,2,'steps/first/started','event','{"type":"step_started","step":"first"}',1.7951935664565603733e+09);
INSERT INTO "journal" VALUES(3,3,'steps/first/run[run_5l0bqXmYgn6rcPKFFyhYzJWV]','event','{"type":"assistant_run_started","step":"first","assistant":"clerk","thread_id":"thread_Ju2xjcoOoN5vp7hnWUQcV3bQ","run_id":"run_5l0bqXmYgn6rcPKFFyhYzJWV"}',1.79519356645718669886e+09);
INSERT INTO "journal" VALUES(3,4,'steps/first/round[1]','event','{"type":"tool_calls_requested","step":"first","run_id":"run_5l0bqXmYgn6rcPKFFyhYzJWV","round":1,"calls":[{"id":"call_726c79c16797fea1","tool":"look","arguments":"{\"order\": 11}"},{"id":"call_02d3ea853c4b83fb","tool":"ship","arguments":"{\"order\": 12}"}]}',1.79519356674565911291e+09);
INSERT INTO "journal" VALUES(3,5,'steps/first/round[1]/tool[call_02d3ea853c4b83fb]','intent','{}',1.79519356674667263031e+09);
INSERT INTO "journal" VALUES(3,6,'steps/first/round[1]/tool[call_726c79c16797fea1]','event','{"type":"tool_call_finished","step":"first","call_id":"call_726c79c16797fea1","tool":"look","status":"completed","output":"{\"order\":11}","error":null,"duration_s":0.0006685256958007812}',1.79519356674691104884e+09);
INSERT INTO "journal" VALUES(3,7,'steps/first/round[1]/tool[call_02d3ea853c4b83fb]','event','{"type":"tool_call_finished","step":"first","call_id":"call_02d3ea853c4b83fb","tool":"ship","status":"completed","output":"{\"order\":12}","error":null,"duration_s":0.40142297744750977}',1.795193567148121357e+09);
INSERT INTO "journal" VALUES(3,8,'steps/first/round[1]/submitted','event','{"type":"tool_outputs_submitted","step":"first","run_id":"run_5l0bqXmYgn6rcPKFFyhYzJWV","round":1,"call_ids":["call_726c79c16797fea1","call_02d3ea853c4b83fb"]}',1.79519356714908909795e+09);
INSERT INTO "journal" VALUES(3,9,'steps/first/round[2]','event','{"type":"tool_calls_requested","step":"first","run_id":"run_5l0bqXmYgn6rcPKFFyhYzJWV","round":2,"calls":[{"id":"call_be7229ff8377e8c8","tool":"ship","arguments":"{\"order\": 13}"},{"id":"call_b70fc03419718b2e","tool":"look","arguments":"{\"order\": 14}"}]}',1.79519356716533708571e+09);
INSERT INTO "journal" VALUES(3,10,'steps/first/round[2]/tool[call_be7229ff8377e8c8]','intent','{}',1.79519356716581273076e+09);
INSERT INTO "journal" VALUES(3,11,'steps/first/round[2]/tool[call_b70fc03419718b2e]','event','{"type":"tool_call_finished","step":"first","call_id":"call_b70fc03419718b2e","tool":"look","status":"completed","output":"{\"order\":14}","error":null,"duration_s":0.0003018379211425781}',1.79519356716613650323e+09);
INSERT INTO "journal" VALUES(3,12,'steps/first/round[2]/tool[call_be7229ff8377e8c8]','event','{"type":"tool_call_finished","step":"first","call_id":"call_be7229ff8377e8c8","tool":"ship","status":"completed","output":"{\"order\":13}","error":null,"duration_s":0.40172910690307617}',1.79519356756753087041e+09);
INSERT INTO "journal" VALUES(3,13,'steps/first/round[2]/submitted','event','{"type":"tool_outputs_submitted","step":"first","run_id":"run_5l0bqXmYgn6rcPKFFyhYzJWV","round":2,"call_ids":["call_be7229ff8377e8c8","call_b70fc03419718b2e"]}',1.79519356756834888456e+09);
INSERT INTO "journal" VALUES(3,14,'steps/first/finished','event','{"type":"step_finished","step":"first","status":"completed","output":"done first","error":null,"error_code":null,"hint":null,"messages":["done first"],"tool_calls":[{"id":"call_726c79c16797fea1","name":"look","arguments":"{\"order\": 11}","output":"{\"order\":11}","error":null},{"id":"call_02d3ea853c4b83fb","name":"ship","arguments":"{\"order\": 12}","output":"{\"order\":12}","error":null},{"id":"call_be7229ff8377e8c8","name":"ship","arguments":"{\"order\": 13}","output":"{\"order\":13}","error":null},{"id":"call_b70fc03419718b2e","name":"look","arguments":"{\"order\": 14}","output":"{\"order\":14}","error":null}],"usage":{"prompt_tokens":21,"completion_tokens":9,"total_tokens":30},"thread_id":"thread_Ju2xjcoOoN5vp7hnWUQcV3bQ","run_id":"run_5l0bqXmYgn6rcPKFFyhYzJWV","duration_s":1.129488229751587}',1.79519356758611822125e+09);
INSERT INTO "journal" VALUES(3,15,'steps/second/started','event','{"type":"step_started","step":"second"}',1.79519356758661961554e+09);
INSERT INTO "journal" VALUES(3,16,'steps/second/run[run_pg2gkP0f19RmhKwLiAZYiycd]','event','{"type":"assistant_run_started","step":"second","assistant":"clerk","thread_id":"thread_Ju2xjcoOoN5vp7hnWUQcV3bQ","run_id":"run_pg2gkP0f19RmhKwLiAZYiycd"}',1.79519356758685660361e+09);
INSERT INTO "journal" VALUES(3,17,'steps/shipped/started','event','{"type":"step_started","step":"shipped"}',1.7951935675875358581e+09);
INSERT INTO "journal" VALUES(3,18,'steps/shipped/finished','intent','{}',1.79519356758755850795e+09);
INSERT INTO "journal" VALUES(3,19,'steps/second/round[1]','event','{"type":"tool_calls_requested","step":"second","run_id":"run_pg2gkP0f19RmhKwLiAZYiycd","round":1,"calls":[{"id":"call_a3fbb1739891af02","tool":"look","arguments":"{\"order\": 21}"},{"id":"call_84d63f84667cf298","tool":"ship","arguments":"{\"order\": 22}"}]}',1.79519356760139822963e+09);
INSERT INTO "journal" VALUES(3,20,'steps/second/round[1]/tool[call_84d63f84667cf298]','intent','{}',1.79519356760223746305e+09);
INSERT INTO "journal" VALUES(3,21,'steps/second/round[1]/tool[call_a3fbb1739891af02]','event','{"type":"tool_call_finished","step":"second","call_id":"call_a3fbb1739891af02","tool":"look","status":"completed","output":"{\"order\":21}","error":null,"duration_s":0.0005974769592285156}',1.79519356760243320469e+09);
INSERT INTO "journal" VALUES(3,22,'steps/shipped/finished','event','{"type":"step_finished","step":"shipped","status":"completed","output":{"order":31},"error":null,"error_code":null,"hint":null,"messages":[],"tool_calls":[],"usage":null,"thread_id":null,"run_id":null,"duration_s":0.40191006660461426}',1.79519356798951649663e+09);
INSERT INTO "journal" VALUES(3,23,'steps/second/round[1]/tool[call_84d63f84667cf298]','event','{"type":"tool_call_finished","step":"second","call_id":"call_84d63f84667cf298","tool":"ship","status":"completed","output":"{\"order\":22}","error":null,"duration_s":0.4013831615447998}',1.79519356800363755221e+09);
INSERT INTO "journal" VALUES(3,24,'steps/second/round[1]/submitted','event','{"type":"tool_outputs_submitted","step":"second","run_id":"run_pg2gkP0f19RmhKwLiAZYiycd","round":1,"call_ids":["call_a3fbb1739891af02","call_84d63f84667cf298"]}',1.79519356800446581836e+09);
INSERT INTO "journal" VALUES(3,25,'run/parked[24]','event','{"type":"flow_run_parked","reason":"interrupted"}',1.79519356831063675878e+09);
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
INSERT INTO "message" VALUES(1,1,'msg_S86pEYUP0PKUvgaPJrkUsY21',NULL,'user','completed',1795193563,NULL,'{"content":[{"type":"text","text":"run=old-done step=first rounds=look:11,ship:12;ship:13,look:14;"}]}');
INSERT INTO "message" VALUES(1,4,'msg_6Kp3B86aOdNuvLgUVEaXD9dW','run_UX2RAIhhwTI8mYS7Jycwv0hI','assistant','completed',1795193564,1795193564,'{"content":[{"type":"text","text":"done first"}],"assistant_id":"asst_e8gkEdvB1vIOYhgS0T3EmZtK"}');
INSERT INTO "message" VALUES(1,6,'msg_kXH7WktxozEiuqXZQN2vrJ7t',NULL,'user','completed',1795193564,NULL,'{"content":[{"type":"text","text":"run=old-done step=second rounds=look:21,ship:22; done first"}]}');
INSERT INTO "message" VALUES(1,8,'msg_mFgoBVPQzZA7mwrLx0ULDDPe','run_AKwNz3JTTr6PEW4e9fk5LuVs','assistant','completed',1795193564,1795193564,'{"content":[{"type":"text","text":"done second"}],"assistant_id":"asst_e8gkEdvB1vIOYhgS0T3EmZtK"}');
INSERT INTO "message" VALUES(2,1,'msg_ji6grxzXh455hWGLBqIHnk2N',NULL,'user','completed',1795193565,NULL,'{"content":[{"type":"text","text":"run=old-killed step=first rounds=look:11,ship:12;ship:13,look:14;"}]}');
INSERT INTO "message" VALUES(3,1,'msg_ADCeNN1UX0aerbaOUneqO1Tg',NULL,'user','completed',1795193566,NULL,'{"content":[{"type":"text","text":"run=old-parked step=first rounds=look:11,ship:12;ship:13,look:14;"}]}');
INSERT INTO "message" VALUES(3,4,'msg_oHgyOJGh0cH2T9OBp3wn4qJX','run_5l0bqXmYgn6rcPKFFyhYzJWV','assistant','completed',1795193567,1795193567,'{"content":[{"type":"text","text":"done first"}],"assistant_id":"asst_e8gkEdvB1vIOYhgS0T3EmZtK"}');
INSERT INTO "message" VALUES(3,6,'msg_k62dzF0L5aP6RSaTWvBkWnmT',NULL,'user','completed',1795193567,NULL,'{"content":[{"type":"text","text":"run=old-parked step=second rounds=look:21,ship:22; done first"}]}');
CREATE TABLE migration (name TEXT PRIMARY KEY, flowrun TEXT NOT NULL);
INSERT INTO "migration" VALUES('0001_journal','0.1.0');
INSERT INTO "migration" VALUES('0002_assistants','0.1.0');
CREATE TABLE owner (epoch INTEGER NOT NULL, holder TEXT NOT NULL);
INSERT INTO "owner" VALUES(3,'`flowrun execute` (process 13141)');
CREATE TABLE plan (digest TEXT PRIMARY KEY, abi INTEGER NOT NULL, body TEXT NOT NULL);
INSERT INTO "plan" VALUES('763f973713dec1b9dbab04164d286eface2bff23b0518bd120df98acff1ffd21',1,'{"abi":1,"assistants":[{"instructions":"You do as you are told.","model":"m","name":"clerk","tools":["look","ship"]}],"env":[],"flow":"old","inputs":[],"outputs":[["second","{{ steps.second.output }}"]],"steps":[{"action":{"assistant":"clerk","message":"run={{ run.id }} step=first rounds=look:11,ship:12;ship:13,look:14;","thread":"desk"},"kind":"assistant","lane":"desk","name":"first","needs":[],"number":1,"on_error":"fail"},{"action":{"assistant":"clerk","message":"run={{ run.id }} step=second rounds=look:21,ship:22; {{ steps.first.output }}","thread":"desk"},"kind":"assistant","lane":"desk","name":"second","needs":["first"],"number":2,"on_error":"fail"},{"action":{"arguments":{"order":31},"tool":"ship"},"kind":"tool","lane":"(shipped)","name":"shipped","needs":["first"],"number":3,"on_error":"continue"}],"threads":[{"name":"desk"}],"tools":[{"cwd":".","description":"Look something up.","effect":"repeatable","entrypoint":"old_tools:look","kind":"python","max_output":65536,"name":"look","on_error":"tell_model","parameters":{"additionalProperties":false,"properties":{"order":{"type":"integer"}},"required":["order"],"type":"object"},"result":{"additionalProperties":{"type":"integer"},"type":"object"},"source_digest":"298855aacbf6a0928665c780ba21e1eff398fe7e7bd89e7995dbef7fd60934d5","timeout_s":60.0},{"cwd":".","description":"Ship a parcel.","effect":"at_most_once","entrypoint":"old_tools:ship","kind":"python","max_output":65536,"name":"ship","on_error":"tell_model","parameters":{"additionalProperties":false,"properties":{"order":{"type":"integer"}},"required":["order"],"type":"object"},"result":{"additionalProperties":{"type":"integer"},"type":"object"},"source_digest":"298855aacbf6a0928665c780ba21e1eff398fe7e7bd89e7995dbef7fd60934d5","timeout_s":60.0}]}');
CREATE TABLE run_snapshot (
    digest TEXT PRIMARY KEY,
    body TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "run_snapshot" VALUES('a50f6c2970b13415872cc9d7ce228100c395702ad778e235f763d697aedfdb9c','{"model":"m","endpoint":"","assistant":"clerk","instructions":"You do as you are told.","tools":[{"name":"look","description":"Look something up.","parameters":{"type":"object","properties":{"order":{"type":"integer"}},"required":["order"],"additionalProperties":false},"strict":false},{"name":"ship","description":"Ship a parcel.","parameters":{"type":"object","properties":{"order":{"type":"integer"}},"required":["order"],"additionalProperties":false},"strict":false}],"temperature":null,"top_p":null,"reasoning_effort":null,"response_format":null}');
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
INSERT INTO "run_step" VALUES(1,2,'step_T3ZtHlakXX4YUjLljBlyh3V7','run_UX2RAIhhwTI8mYS7Jycwv0hI',NULL,'[["call_8111d8f69211715a","look","{\"order\": 11}"],["call_77bfec33a171a5ec","ship","{\"order\": 12}"]]','["{\"order\":11}","{\"order\":12}"]','[7,3,10,0,0]','completed',1795193563,1795193563,NULL);
INSERT INTO "run_step" VALUES(1,3,'step_ZPExusGTVDIrJHOrG7vm5VVA','run_UX2RAIhhwTI8mYS7Jycwv0hI',NULL,'[["call_25b350e2de957df6","ship","{\"order\": 13}"],["call_1ed599eff6d6b03b","look","{\"order\": 14}"]]','["{\"order\":13}","{\"order\":14}"]','[7,3,10,0,0]','completed',1795193563,1795193564,NULL);
INSERT INTO "run_step" VALUES(1,5,'step_ibjj5HLqX8Zb8cY50ZsthFG7','run_UX2RAIhhwTI8mYS7Jycwv0hI','msg_6Kp3B86aOdNuvLgUVEaXD9dW',NULL,NULL,'[7,3,10,0,0]','completed',1795193564,1795193564,NULL);
INSERT INTO "run_step" VALUES(1,7,'step_e5Ka6tD4PrApVKNVlcxAeORj','run_AKwNz3JTTr6PEW4e9fk5LuVs',NULL,'[["call_cd691f1507bfc956","look","{\"order\": 21}"],["call_ee31f33020efd86e","ship","{\"order\": 22}"]]','["{\"order\":21}","{\"order\":22}"]','[7,3,10,0,0]','completed',1795193564,1795193564,NULL);
INSERT INTO "run_step" VALUES(1,9,'step_uKz3TaNtG249q9PK98j5TG4c','run_AKwNz3JTTr6PEW4e9fk5LuVs','msg_mFgoBVPQzZA7mwrLx0ULDDPe',NULL,NULL,'[7,3,10,0,0]','completed',1795193564,1795193564,NULL);
INSERT INTO "run_step" VALUES(2,2,'step_BAEgw71043oNkAmK6aoScc0d','run_8GSPXrMd2cD5fMkfvh7kACPN',NULL,'[["call_68d2fb8006459aa4","look","{\"order\": 11}"],["call_1b9b6051b6487259","ship","{\"order\": 12}"]]','["{\"order\":11}","{\"order\":12}"]','[7,3,10,0,0]','completed',1795193565,1795193565,NULL);
INSERT INTO "run_step" VALUES(2,3,'step_u9HRjqk6gOwCB6jU0KZA4big','run_8GSPXrMd2cD5fMkfvh7kACPN',NULL,'[["call_af4e62530d154c20","ship","{\"order\": 13}"],["call_2302f9bb7b302b72","look","{\"order\": 14}"]]',NULL,'[7,3,10,0,0]','in_progress',1795193565,NULL,NULL);
INSERT INTO "run_step" VALUES(3,2,'step_FXN55lXqyX59i5MkplRcS8Oa','run_5l0bqXmYgn6rcPKFFyhYzJWV',NULL,'[["call_726c79c16797fea1","look","{\"order\": 11}"],["call_02d3ea853c4b83fb","ship","{\"order\": 12}"]]','["{\"order\":11}","{\"order\":12}"]','[7,3,10,0,0]','completed',1795193566,1795193567,NULL);
INSERT INTO "run_step" VALUES(3,3,'step_cLQnULP7Fo98Rdk6v2scy5er','run_5l0bqXmYgn6rcPKFFyhYzJWV',NULL,'[["call_be7229ff8377e8c8","ship","{\"order\": 13}"],["call_b70fc03419718b2e","look","{\"order\": 14}"]]','["{\"order\":13}","{\"order\":14}"]','[7,3,10,0,0]','completed',1795193567,1795193567,NULL);
INSERT INTO "run_step" VALUES(3,5,'step_sVDbgHDpzs6z7Iv7VlxZ6pjd','run_5l0bqXmYgn6rcPKFFyhYzJWV','msg_oHgyOJGh0cH2T9OBp3wn4qJX',NULL,NULL,'[7,3,10,0,0]','completed',1795193567,1795193567,NULL);
INSERT INTO "run_step" VALUES(3,7,'step_OnCHzZiUhQGXxp1HLj27gutq','run_pg2gkP0f19RmhKwLiAZYiycd',NULL,'[["call_a3fbb1739891af02","look","{\"order\": 21}"],["call_84d63f84667cf298","ship","{\"order\": 22}"]]','["{\"order\":21}","{\"order\":22}"]','[7,3,10,0,0]','completed',1795193567,1795193568,NULL);
CREATE TABLE thread (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    body TEXT NOT NULL
);
INSERT INTO "thread" VALUES(1,'thread_u88SysD7zTTX7xCXKZur6zim','label_QSiJPdNtW9G1gio75JDo0vq0',1795193563,'{"metadata":{}}');
INSERT INTO "thread" VALUES(2,'thread_z1ZMFxUU5hekSed9oa6MId3s','label_oZZM7dfCTs4lEFJtgriYamLI',1795193565,'{"metadata":{}}');
INSERT INTO "thread" VALUES(3,'thread_Ju2xjcoOoN5vp7hnWUQcV3bQ','label_762emcaKDVQhDdfv3ckpEAZc',1795193566,'{"metadata":{}}');
CREATE INDEX flow_run_by_start ON flow_run (started_at);
CREATE UNIQUE INDEX journal_by_key ON journal (run, key, kind);
CREATE UNIQUE INDEX assistant_by_label ON assistant (label) WHERE label <> '';
CREATE UNIQUE INDEX thread_by_label ON thread (label) WHERE label <> '';
CREATE UNIQUE INDEX assistant_run_by_label ON assistant_run (label) WHERE label <> '';
CREATE INDEX assistant_run_by_thread ON assistant_run (thread, number);
COMMIT;
