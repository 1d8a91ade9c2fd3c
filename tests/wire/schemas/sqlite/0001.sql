-- What a bridge kept at revision 0001: its tables, made by that revision, and rows in each.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
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
COMMIT;
