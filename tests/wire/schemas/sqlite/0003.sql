-- What a bridge kept at revision 0003: its tables, made by that revision, and rows in each.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
CREATE TABLE batch_items (
	batch_id VARCHAR(40) NOT NULL, 
	number INTEGER NOT NULL, 
	hub_id VARCHAR(40) NOT NULL, 
	device_id VARCHAR(64) NOT NULL, 
	device_name VARCHAR(200) NOT NULL, 
	serial VARCHAR(200), 
	status VARCHAR(10) NOT NULL, 
	job_id VARCHAR(40), 
	bytes BIGINT NOT NULL, 
	tries INTEGER NOT NULL, 
	due_at BIGINT NOT NULL, 
	code VARCHAR(40), 
	error VARCHAR(1000), 
	hint VARCHAR(1000), 
	started_at BIGINT, 
	finished_at BIGINT, 
	PRIMARY KEY (batch_id, number), 
	FOREIGN KEY(batch_id) REFERENCES batches (id) ON DELETE CASCADE
);
INSERT INTO "batch_items" VALUES('batch_1',0,'bench-a','R5CT001X','Pixel 6','R5CT001X','completed','job_1763000011_abc125',8589934592,1,0,NULL,NULL,NULL,1763000001000,1763000080000);
INSERT INTO "batch_items" VALUES('batch_1',1,'bench-a','R5CT002X','Pixel 6',NULL,'failed','job_1763000012_abc126',17,2,1763000003000,'link_lost','The connection to the device broke.','Try another cable.',1763000001000,1763000009000);
INSERT INTO "batch_items" VALUES('batch_2',0,'bench-a','R5CT003X','Pixel 6','R5CT003X','waiting',NULL,0,1,0,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE batches (
	id VARCHAR(40) NOT NULL, 
	name VARCHAR(200), 
	flash JSON NOT NULL, 
	device_bytes BIGINT NOT NULL, 
	max_parallel INTEGER, 
	max_failures INTEGER, 
	max_failure_percent FLOAT, 
	status VARCHAR(10) NOT NULL, 
	is_cancelling BOOLEAN NOT NULL, 
	stopped_because VARCHAR(1000), 
	created_at BIGINT NOT NULL, 
	finished_at BIGINT, 
	permille INTEGER NOT NULL, 
	idempotency_key VARCHAR(200), 
	fingerprint VARCHAR(64) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "batches" VALUES('batch_1','Friday','{"partition": "system", "image": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}',8589934592,8,NULL,12.5,'completed',0,NULL,1763000000000,1763000090000,1000,'friday-1','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff');
INSERT INTO "batches" VALUES('batch_2',NULL,'{"partition": "system", "image": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}',8589934592,NULL,2,NULL,'running',1,'2 devices failed.',1763000100000,NULL,417,NULL,'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff');
CREATE TABLE last_good (
	serial VARCHAR(200) NOT NULL, 
	place VARCHAR(200) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	job_id VARCHAR(40) NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (serial, place)
);
INSERT INTO "last_good" VALUES('R5CT001X','system_a','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','job_1763000011_abc125',1763000080000);
INSERT INTO "last_good" VALUES('R5CT001X','boot_a','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','job_1763000001_abc123',1763000005000);
CREATE TABLE standing_marks (
	order_id VARCHAR(40) NOT NULL, 
	serial VARCHAR(200) NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	job_id VARCHAR(40), 
	hub_id VARCHAR(40) NOT NULL, 
	device_id VARCHAR(64) NOT NULL, 
	session VARCHAR(64) NOT NULL, 
	unplugged BOOLEAN NOT NULL, 
	tries INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	code VARCHAR(40), 
	error VARCHAR(1000), 
	PRIMARY KEY (order_id, serial), 
	FOREIGN KEY(order_id) REFERENCES standing_orders (id) ON DELETE CASCADE
);
INSERT INTO "standing_marks" VALUES('so_1','R5CT001X','flashed','job_1763000001_abc123','bench-a','R5CT001X','s3ss10n_-A',0,1,1763000005000,NULL,NULL);
INSERT INTO "standing_marks" VALUES('so_1','R5CT002X','failed','job_1763000002_abc124','bench-a','R5CT001X','s3ss10n_-A',1,3,1763000006000,'usb_unplugged','The cable was unplugged.');
INSERT INTO "standing_marks" VALUES('so_2','0123 456/ü','running','job_1763000003_abc127','bench-a','R5CT001X','s3ss10n_-A',0,1,1763000007000,NULL,NULL);
CREATE TABLE standing_orders (
	id VARCHAR(40) NOT NULL, 
	name VARCHAR(200), 
	place JSON NOT NULL, 
	flash JSON NOT NULL, 
	stop_after_failures INTEGER NOT NULL, 
	max_devices INTEGER, 
	enabled BOOLEAN NOT NULL, 
	created_at BIGINT NOT NULL, 
	flashed INTEGER NOT NULL, 
	failed INTEGER NOT NULL, 
	failures_in_row INTEGER NOT NULL, 
	last_error VARCHAR(1000), 
	stopped_because VARCHAR(1000), 
	PRIMARY KEY (id)
);
INSERT INTO "standing_orders" VALUES('so_1','Pixels at bench A','{"hubId": "bench-a", "port": "usb:1-1.*"}','{"partition": "system", "image": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "verify": "readback"}',3,50,1,1763000000000,2,1,1,'The cable was unplugged.',NULL);
INSERT INTO "standing_orders" VALUES('so_2',NULL,'{}','{"partitions": [{"partition": "boot", "image": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}]}',1,NULL,0,1763000001000,0,1,1,NULL,'1 device in a row failed: it isn''t "blank"; ünïcödé
second line');
CREATE INDEX standing_marks_by_age ON standing_marks (order_id, at);
CREATE INDEX standing_marks_by_state ON standing_marks (order_id, state);
CREATE INDEX batches_by_age ON batches (created_at, id);
CREATE INDEX batches_by_status ON batches (status);
CREATE INDEX batches_by_key ON batches (idempotency_key);
CREATE INDEX batch_items_by_job ON batch_items (job_id);
CREATE INDEX last_good_by_age ON last_good (at);
COMMIT;
