-- What a bridge kept at revision 0005: its tables, made by that revision, and rows in each.
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE FUNCTION public.audit_only_grows() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
      IF TG_OP = 'DELETE' THEN
        IF EXISTS (
          SELECT 1 FROM audit WHERE action = 'trail_pruned' AND number > OLD.number
          AND (details ->> 'through')::bigint >= OLD.number
        ) THEN
          RETURN OLD;
        END IF;
      END IF;
      RAISE EXCEPTION 'the audit trail only grows' USING ERRCODE = 'integrity_constraint_violation';
    END $$;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.audit (
    number bigint NOT NULL,
    mark character varying(16),
    at bigint NOT NULL,
    action character varying(200) NOT NULL,
    job_id character varying(40),
    device_id character varying(64),
    hub_id character varying(40),
    subject character varying(200),
    identity character varying(64),
    outcome character varying(200) NOT NULL,
    code character varying(40),
    error character varying(1000),
    requester json,
    details json
);
ALTER TABLE public.audit ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.batch_items (
    batch_id character varying(40) NOT NULL,
    number integer NOT NULL,
    hub_id character varying(40) NOT NULL,
    device_id character varying(64) NOT NULL,
    device_name character varying(200) NOT NULL,
    serial character varying(200),
    status character varying(10) NOT NULL,
    job_id character varying(40),
    bytes bigint NOT NULL,
    tries integer NOT NULL,
    due_at bigint NOT NULL,
    code character varying(40),
    error character varying(1000),
    hint character varying(1000),
    started_at bigint,
    finished_at bigint
);
CREATE TABLE public.batches (
    id character varying(40) NOT NULL,
    name character varying(200),
    flash json NOT NULL,
    device_bytes bigint NOT NULL,
    max_parallel integer,
    max_failures integer,
    max_failure_percent double precision,
    status character varying(10) NOT NULL,
    is_cancelling boolean NOT NULL,
    stopped_because character varying(1000),
    created_at bigint NOT NULL,
    finished_at bigint,
    permille integer NOT NULL,
    idempotency_key character varying(200),
    fingerprint character varying(64) NOT NULL,
    asked_by json
);
CREATE TABLE public.history (
    history_id character varying(64) NOT NULL
);
CREATE TABLE public.kits (
    kit character varying(40) NOT NULL,
    partition character varying(40) NOT NULL
);
CREATE TABLE public.last_good (
    serial character varying(200) NOT NULL,
    place character varying(200) NOT NULL,
    sha256 character varying(64) NOT NULL,
    job_id character varying(40) NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.past_jobs (
    number bigint NOT NULL,
    job_id character varying(40) NOT NULL,
    ended_at bigint NOT NULL,
    recorded_at bigint NOT NULL,
    told_by character varying(6) NOT NULL,
    hub_id character varying(40) NOT NULL,
    device_id character varying(64) NOT NULL,
    device_name character varying(200) NOT NULL,
    serial character varying(200),
    product character varying(200),
    port character varying(200),
    status character varying(10) NOT NULL,
    code character varying(40),
    error character varying(1000),
    partition character varying(40) NOT NULL,
    image character varying(64),
    image_name character varying(200),
    verification character varying(10) NOT NULL,
    duration_ms bigint,
    bytes bigint NOT NULL,
    speed bigint NOT NULL,
    record bytea NOT NULL
);
CREATE TABLE public.past_logs (
    number bigint NOT NULL,
    lines bytea NOT NULL
);
CREATE TABLE public.past_steps (
    number bigint NOT NULL,
    place integer NOT NULL,
    partition character varying(40) NOT NULL,
    status character varying(10) NOT NULL,
    image character varying(64),
    bytes bigint NOT NULL
);
CREATE TABLE public.past_texts (
    number bigint NOT NULL,
    ended_at bigint NOT NULL,
    text text NOT NULL,
    traits bigint[]
);
CREATE TABLE public.rollups (
    view character varying(10) NOT NULL,
    days smallint NOT NULL,
    kit character varying(40) NOT NULL,
    first_day integer NOT NULL,
    hub_id character varying(40) NOT NULL,
    item character varying(200) NOT NULL,
    completed bigint NOT NULL,
    failed bigint NOT NULL,
    cancelled bigint NOT NULL,
    completed_bytes bigint NOT NULL,
    failed_bytes bigint NOT NULL,
    cancelled_bytes bigint NOT NULL,
    durations bytea NOT NULL,
    speeds bytea NOT NULL,
    recent bytea NOT NULL,
    name character varying(200),
    CONSTRAINT rollups_cancelled_bytes_check CHECK ((cancelled_bytes <= '9223372036854775807'::bigint)),
    CONSTRAINT rollups_completed_bytes_check CHECK ((completed_bytes <= '9223372036854775807'::bigint)),
    CONSTRAINT rollups_failed_bytes_check CHECK ((failed_bytes <= '9223372036854775807'::bigint))
)
WITH (fillfactor='50');
CREATE TABLE public.standing_marks (
    order_id character varying(40) NOT NULL,
    serial character varying(200) NOT NULL,
    state character varying(10) NOT NULL,
    job_id character varying(40),
    hub_id character varying(40) NOT NULL,
    device_id character varying(64) NOT NULL,
    session character varying(64) NOT NULL,
    unplugged boolean NOT NULL,
    tries integer NOT NULL,
    at bigint NOT NULL,
    code character varying(40),
    error character varying(1000)
);
CREATE TABLE public.standing_orders (
    id character varying(40) NOT NULL,
    name character varying(200),
    place json NOT NULL,
    flash json NOT NULL,
    stop_after_failures integer NOT NULL,
    max_devices integer,
    enabled boolean NOT NULL,
    created_at bigint NOT NULL,
    flashed integer NOT NULL,
    failed integer NOT NULL,
    failures_in_row integer NOT NULL,
    last_error character varying(1000),
    stopped_because character varying(1000),
    asked_by json
);
INSERT INTO public.alembic_version VALUES ('0005');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (1, '3d9c172411e20b8f', 1763000048000, 'start', 'job_1763000001_abc201', 'R5CT001X', 'bench-a', NULL, 'alice', 'accepted', NULL, NULL, '{"identity": "alice", "user": "alice@bench-a", "address": "127.0.0.1", "agent": "flashyard/1.0"}', '{"partition": "system"}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (2, '8d116ece1738f7d9', 1763000108000, 'start', 'job_1763000002_abc202', 'R5CT001X', 'bench-a', NULL, 'alice', 'accepted', NULL, NULL, '{"identity": "alice", "user": "alice@bench-a", "address": "127.0.0.1", "agent": "flashyard/1.0"}', '{"partition": "system"}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (3, '0f21ddb66cad4a26', 1763000168000, 'start', 'job_1763000003_abc203', 'R5CT001X', 'bench-a', NULL, 'alice', 'accepted', NULL, NULL, '{"identity": "alice", "user": "alice@bench-a", "address": "127.0.0.1", "agent": "flashyard/1.0"}', '{"partition": "system"}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (4, '90c192cfd3ac94af', 1763000228000, 'start', 'job_1763000004_abc204', 'R5CT002X', 'bench-a', NULL, 'alice', 'accepted', NULL, NULL, '{"identity": "alice", "onBehalf": "batch_1"}', '{"partition": "boot"}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (5, NULL, 1763000060500, 'job_ended', 'job_1763000001_abc201', 'R5CT001X', 'bench-a', NULL, 'alice', 'completed', NULL, NULL, '{"identity": "alice", "user": "alice@bench-a", "address": "127.0.0.1", "agent": "flashyard/1.0"}', '{"endedAt": 1763000060000, "verification": "transport"}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (6, NULL, 1763000120500, 'job_ended', 'job_1763000002_abc202', 'R5CT001X', 'bench-a', NULL, 'alice', 'completed', NULL, NULL, '{"identity": "alice", "user": "alice@bench-a", "address": "127.0.0.1", "agent": "flashyard/1.0"}', '{"endedAt": 1763000120000, "verification": "transport"}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (7, NULL, 1763000180500, 'job_ended', 'job_1763000003_abc203', 'R5CT001X', 'bench-a', NULL, 'alice', 'completed', NULL, NULL, '{"identity": "alice", "user": "alice@bench-a", "address": "127.0.0.1", "agent": "flashyard/1.0"}', '{"endedAt": 1763000180000, "verification": "transport"}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (8, NULL, 1763000240500, 'job_ended', 'job_1763000004_abc204', 'R5CT002X', 'bench-a', NULL, 'alice', 'failed', 'usb_unplugged', 'The device was unplugged.', '{"identity": "alice", "onBehalf": "batch_1"}', '{"endedAt": 1763000240000, "verification": "none"}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (9, 'f28c105d1fb17c23', 1763086388000, 'start', 'job_1763000005_abc205', '0123-5', 'bench-b', NULL, 'alice', 'accepted', NULL, NULL, '{"identity": "alice", "user": "alice@bench-a", "address": "127.0.0.1", "agent": "flashyard/1.0"}', '{"partition": "boot"}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (10, 'a170b33839263059', 1763086448000, 'start', 'job_1763000006_abc206', 'R5CT003X', 'bench-a', NULL, 'alice', 'accepted', NULL, NULL, '{"identity": "alice", "user": "alice@bench-a", "address": "127.0.0.1", "agent": "flashyard/1.0"}', '{"partition": "system"}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (11, '953f48f1a09f76b5', 1763086568000, 'start', 'job_1763000008_abc208', 'R5CT003X', 'bench-b', NULL, 'alice', 'accepted', NULL, NULL, '{"identity": "alice", "user": "alice@bench-a", "address": "127.0.0.1", "agent": "flashyard/1.0"}', '{"partition": "boot"}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (12, '0fd630f1f29d0da9', 1763086508000, 'start', 'job_1763000007_abc207', 'R5CT002X', 'bench-a', NULL, 'alice', 'accepted', NULL, NULL, '{"identity": "alice", "user": "alice@bench-a", "address": "127.0.0.1", "agent": "flashyard/1.0"}', '{"partition": "boot"}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (13, '95e60af593bd04cf', 1763086460000, 'cancel', 'job_1763000006_abc206', 'R5CT003X', 'bench-a', NULL, 'alice', 'accepted', NULL, NULL, '{"identity": "alice", "user": "alice@bench-a", "address": "127.0.0.1", "agent": "flashyard/1.0"}', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (14, '0cb1e29c658cda14', 1763000000000, 'delete_image', NULL, NULL, NULL, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', NULL, 'refused', 'image_in_use', 'It is needed.', '{"address": "127.0.0.1"}', NULL);
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (15, NULL, 1763086400500, 'job_ended', 'job_1763000005_abc205', '0123-5', 'bench-b', NULL, NULL, 'failed', 'device_refused', 'The device refused: ünïcödé; it isn''t "blank".', NULL, '{"endedAt": 1763086400000, "verification": "none"}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (16, NULL, 1763086460500, 'job_ended', 'job_1763000006_abc206', 'R5CT003X', 'bench-a', NULL, 'alice', 'cancelled', 'cancelled', 'The job was cancelled.', '{"identity": "alice", "user": "alice@bench-a", "address": "127.0.0.1", "agent": "flashyard/1.0"}', '{"endedAt": 1763086460000, "verification": "none"}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (17, NULL, 1763086580500, 'job_ended', 'job_1763000008_abc208', 'R5CT003X', 'bench-b', NULL, 'alice', 'completed', NULL, NULL, '{"identity": "alice", "user": "alice@bench-a", "address": "127.0.0.1", "agent": "flashyard/1.0"}', '{"endedAt": 1763086580000, "verification": "transport"}');
INSERT INTO public.audit OVERRIDING SYSTEM VALUE VALUES (18, NULL, 1763086520000, 'job_ended', 'job_1763000007_abc207', 'R5CT002X', 'bench-a', NULL, NULL, 'failed', 'hub_lost', 'The hub was not heard from; the outcome is unknown.', NULL, '{"endedAt": 1763086520000, "toldBy": "bridge", "verification": "none"}');
INSERT INTO public.batch_items VALUES ('batch_1', 0, 'bench-a', 'R5CT001X', 'Pixel 6', 'R5CT001X', 'completed', 'job_1763000011_abc125', 8589934592, 1, 0, NULL, NULL, NULL, 1763000001000, 1763000080000);
INSERT INTO public.batch_items VALUES ('batch_2', 0, 'bench-a', 'R5CT003X', 'Pixel 6', 'R5CT003X', 'waiting', NULL, 0, 1, 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.batch_items VALUES ('batch_1', 1, 'bench-a', 'R5CT002X', 'Pixel 6', NULL, 'failed', 'job_1763000012_abc126', 17, 2, 1763000003000, 'link_lost', 'The connection to the device broke.', 'Try another cable.', 1763000001000, 1763000009000);
INSERT INTO public.batches VALUES ('batch_2', NULL, '{"partition": "system", "image": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}', 8589934592, NULL, 2, NULL, 'running', true, '2 devices failed.', 1763000100000, NULL, 417, NULL, 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', NULL);
INSERT INTO public.batches VALUES ('batch_1', 'Friday', '{"partition": "system", "image": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}', 8589934592, 8, NULL, 12.5, 'completed', false, NULL, 1763000000000, 1763000090000, 1000, 'friday-1', 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', '{"identity": "alice", "user": "alice@bench-a", "address": "127.0.0.1", "agent": "flashyard/1.0"}');
INSERT INTO public.history VALUES ('5eed5eed5eed5eed');
INSERT INTO public.kits VALUES ('system', 'system');
INSERT INTO public.kits VALUES ('boot', 'boot');
INSERT INTO public.kits VALUES ('+698050c4995df4d017d6cd7aad2c8652', 'boot');
INSERT INTO public.kits VALUES ('+698050c4995df4d017d6cd7aad2c8652', 'vendor');
INSERT INTO public.last_good VALUES ('R5CT001X', 'system_a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'job_1763000011_abc125', 1763000080000);
INSERT INTO public.last_good VALUES ('R5CT001X', 'boot_a', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'job_1763000001_abc123', 1763000005000);
INSERT INTO public.past_jobs VALUES (1, 'job_1763000001_abc201', 1763000060000, 1763000060500, 'hub', 'bench-a', 'R5CT001X', 'Pixel 6', 'R5CT001X', 'oriole', 'usb:pci-0000:00:14.0-usb-0:1.4', 'completed', NULL, NULL, 'system', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'oriole-system.img', 'transport', 10000, 8388608, 1048576, '\x78bb80dffb0cbdd6c10a83300c00d05fd90728b4b3ad3d0ef60363ece04da2143628db759fbfcec8daac55ab8379d3621a92f4d11c68553584e42d74fd9e716ae3591e2f6ead094cecccbdbf96f0ad2f865119fae66e48503edd9ec6ee54328f59a2ffe0a0ae9c184c174443ff71c94426b4ac55b14946aca5d058f550495c91292549abe695841f1fafaccbff614d89fd21e48e958ac5f517e44c7545c86e30499e5fcc623bc260df17fe8fc4c3ebc14fe21a96170186b88fe1a977e3b8dec7311a8fa2d5924d9a447ed53299c894402f423764c1');
INSERT INTO public.past_jobs VALUES (2, 'job_1763000002_abc202', 1763000120000, 1763000120500, 'hub', 'bench-a', 'R5CT001X', 'Pixel 6', 'R5CT001X', 'oriole', 'usb:pci-0000:00:14.0-usb-0:1.4', 'completed', NULL, NULL, 'system', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'oriole-system.img', 'transport', 10000, 8388608, 1048576, '\x78bb80dffb0cbdd6d10a82301406e057e90114cea6ae7517f402115d7827530605a36e7bfc7493768e5b3a0df2ce89bf8773e6c752a015858de48d6a3b0e9cda78a94e57005623135bfde86eb99aea6b63184fd037f58304e5f3fda5cd4e44eb9825fa0f0ecaa21703644634f48b4b264229abbdc836c9e8ba0ed2751d2be99eb098926454f34aaa1f2faf6c5fffd3e8dccd87903b762a14d71f9013d52d31bb6827797e5d15db11566638f07f24b6b747bf13d7b0bc08b00ae788fffa6169b58f631a0bd2e4240d9b445e3dc40bf926d01b29e364a8');
INSERT INTO public.past_jobs VALUES (3, 'job_1763000003_abc203', 1763000180000, 1763000180500, 'hub', 'bench-a', 'R5CT001X', 'Pixel 6', 'R5CT001X', 'oriole', 'usb:pci-0000:00:14.0-usb-0:1.4', 'completed', NULL, NULL, 'system', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'oriole-system.img', 'transport', 10000, 8388608, 1048576, '\x78bb80dffb0cbdd6c10ac2300c00d05ff1033648eddac59be00f8878f026dd182814bdfaf976edb08dedb66e82bb6d656948d24773a095dc86e457d5b45be0d4c693389c01d82530b1e91eedad54dffada300c33f4cddd90a07cbcbf3abd91c93c2689fe8383c88d188005d1d07f9c33112a14b52c56c9e8aa2ed1553d54d2add4292549aba695543f3e5e5993ff5377a5eb0f2177a8542caebf2067aa5b85ec0693e4f97559ac4758e9fec2ff91d8beeefd242e6179166015f7313cf5661c97fb384463513414306a12f9752792898c09f4068a5264e0');
INSERT INTO public.past_jobs VALUES (4, 'job_1763000004_abc204', 1763000240000, 1763000240500, 'hub', 'bench-a', 'R5CT002X', 'Pixel 6', 'R5CT002X', 'oriole', 'usb:pci-0000:00:14.0-usb-0:1.4', 'failed', 'usb_unplugged', 'The device was unplugged.', 'boot', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'oriole-boot.img', 'none', 10000, 2097152, 1048576, '\x78bb80dffb0ca5d74b0e82301006e0ab780048cad0f2587b01635cb8332d69a209d1ad89f1ee0235e94c293056b6a4d3d2c7d71f0eb455399594176d3a1092da7854fb93107046261a7befaeb90ef59dca8064e8cbed90a07cb83d6dbfaba2e3080d4640630593ae445071fb40b475a12023027adb372114b25175952571e8a61a1a37d59846f7a68cd148d6679d46f3e7e3691dc6ffe86d3e2e0a53d9e5b811449dc594c48eb84cca25b61c6d4f6fbafbca74d9753ffe45c498de565acfd71dd330dcdd0c44bf8786d42a66b59aa016668b346de3c32048bd6813b51ed853a3b48fea64fb2ff6f37be27e236d3f8c5bb12a');
INSERT INTO public.past_jobs VALUES (5, 'job_1763000005_abc205', 1763086400000, 1763086400500, 'hub', 'bench-b', '0123-5', 'Prüfling 5', '0123-5', NULL, NULL, 'failed', 'device_refused', 'The device refused: ünïcödé; it isn''t "blank".', 'boot', NULL, NULL, 'none', 10000, 68157440, 1048576, '\x78bb80dffb0ca5974d0e82301046af42d8b891a4a5b4d478090f406268d5484c58289772e5ce15bb5eccf2234ea142816e09c3349979efc305b48cd425e931153244d46423c221092820a238e7f21a883e7b7511bd342eec75fb9c01e4c35d95972a4979f64efa0c1e05f46c3c8b9507d0b915c434ef3b59b75d6114711ab35f5372e531fdb0282c84d46e05c6318da3a84a6e400e31268860c6b7d38ef8de758929ea39249c377308add13cd9d9ac610c2fb4c6fc28a4ca5cbda47a9fd473ef6585973df24de125bed0bf1ab7c407e16e18953a61745b30698a7182a7c38b436c68af3b00b6dd19a3161ed4e2bd5a1069c6ab3b7b1bff00f60156a7835a');
INSERT INTO public.past_jobs VALUES (6, 'job_1763000006_abc206', 1763086460000, 1763086460500, 'hub', 'bench-a', 'R5CT003X', 'Pixel 6', 'R5CT003X', 'oriole', 'usb:pci-0000:00:14.0-usb-0:1.4', 'cancelled', 'cancelled', 'The job was cancelled.', 'system', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'oriole-system.img', 'none', NULL, 0, 0, '\x78bb80dffb0ca5d6c10ac2300c06e057f1011c143b438f822f20e2c19b74a3a050f4eae39bb5a3fde3eaac73b795d28524fd961a68498723e962bb7ea348da78dcee4f4ae93398d8b97b7f6decbbbe7c0c5f1baad0b7f68302e5c3ede9fc8a8a71cc122d1c4c231838086bc941dc27ff8e530587110514349af95066fdd5425e586261cc736b0afa8912cceb67ff7cb29e1ce5c3bb26e65d503a66622a6961a4e0ce08b34caa068c41b94295f8b6a82f3454563806bddc62eb87b93f811c5e77b9217fd1191cfe748b5f1d072f29');
INSERT INTO public.past_jobs VALUES (7, 'job_1763000008_abc208', 1763086580000, 1763086580500, 'hub', 'bench-b', 'R5CT003X', 'Pixel 6', 'R5CT003X', 'oriole', 'usb:1-1.2', 'completed', NULL, NULL, 'boot', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'oriole-boot.img', 'transport', 10000, 67108864, 1048576, '\x78bb80dffb0cbdd6d10ac2201406e057e90132744b77ba0b7a81882eba0b1d4281d46d8f3f3723cf71d66c41bbdbc67e0f9eb30f4ba055f51009676dda8a03b5f1207747ceeb1332d1d85b7b6126d5d7c7809250a06fe98204e5fdf561dd4265eb480d4640ff41c1083ac6103d9d3291af41366a394bc6b0eb0ac2ae6325c39b26a72469d56725cd8f5754d6d77f7796f5fd2904379e8f29ba8289558581453313a10debcde756bbfe68ff3277b8dd8699d35f023c49ad1e770cffdf7ef40a247c4e3ec912a32c48b2b03de4d34dbe8c77d274daed5df8');
INSERT INTO public.past_jobs VALUES (8, 'job_1763000007_abc207', 1763086520000, 1763086520000, 'bridge', 'bench-a', 'R5CT002X', 'Pixel 6', 'R5CT002X', 'oriole', 'usb:pci-0000:00:14.0-usb-0:1.4', 'failed', 'hub_lost', 'The hub was not heard from; the outcome is unknown.', 'boot', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 'oriole-boot.img', 'none', 10000, 2097152, 1048576, '\x78bb80dffb0ca5d6490ec2201406e0ab708036a15806e3d20b18e3c29d290da68d95266ef4f8326878105452d912c6d77efc25d0b2959b929f3ad9139cd8b8a7db03c6e4084c944af743dda5fa9a6904a3a440dfd205239477e3434d8865f7911a0c80860a2e7a1209cddb47f09a3794549180c1f69f10e25650ceaa451cfaabc6c25f35a4d1f734391aa3fa7ca751fed902ad66fff3a46a5b9442653371c314dce51c1bc706655443e7db7cddb8e4f44ac068b431e8a2e7bb06f9c90cf4f9ab10ed16aa0d3ec4a0b73f4f89e16f5b3ffd994feafa1f27');
INSERT INTO public.past_logs VALUES (1, '\x78bb80dffb0c83555466c6205da6582b54882d0af9690a41a6ce21060686114ab500baa8104a');
INSERT INTO public.past_logs VALUES (2, '\x78bb80dffb0c83555466c6404d8686582b54882d0af9690a41a6ce214065114ab500ba2b1047');
INSERT INTO public.past_logs VALUES (3, '\x78bb80dffb0c83555466c6404d1013302a54882d0af9690a41a6ce214065114ab500bb27104d');
INSERT INTO public.past_logs VALUES (4, '\x78bb80dffb0c83555466c6404d46c6582b5450a9a5909fa61064ea1c025414a1540b0094650f5a');
INSERT INTO public.past_logs VALUES (7, '\x78bb80dffb0c83555466c6061666a6e6582b5450a9a5909fa61064ea1c6260601ca1540b0097d80f70');
INSERT INTO public.past_logs VALUES (8, '\x78bb80dffb0c83555466c6061666a686582b5450a9a5909fa61064ea1c62606014a1540b0096e40f69');
INSERT INTO public.past_steps VALUES (1, 0, 'system', 'completed', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 8388608);
INSERT INTO public.past_steps VALUES (2, 0, 'system', 'completed', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 8388608);
INSERT INTO public.past_steps VALUES (3, 0, 'system', 'completed', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 8388608);
INSERT INTO public.past_steps VALUES (4, 0, 'boot', 'failed', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 2097152);
INSERT INTO public.past_steps VALUES (5, 0, 'boot', 'completed', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 67108864);
INSERT INTO public.past_steps VALUES (5, 1, 'vendor', 'failed', 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', 1048576);
INSERT INTO public.past_steps VALUES (6, 0, 'system', 'cancelled', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 0);
INSERT INTO public.past_steps VALUES (7, 0, 'boot', 'completed', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 67108864);
INSERT INTO public.past_steps VALUES (8, 0, 'boot', 'failed', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 2097152);
INSERT INTO public.past_texts VALUES (1, 1763000060000, 'job_1763000001_abc201
r5ct001x
pixel 6
oriole-system.img
', '{-3453719247810390465,-5839195638590735404,2584432831125797741,3852715509400938232,8852937445465315284,-5913017958285652572,-7498213843906111953}');
INSERT INTO public.past_texts VALUES (2, 1763000120000, 'job_1763000002_abc202
r5ct001x
pixel 6
oriole-system.img
', '{-3453719247810390465,-5839195638590735404,2584432831125797741,3852715509400938232,8852937445465315284,-5913017958285652572,-7498213843906111953}');
INSERT INTO public.past_texts VALUES (3, 1763000180000, 'job_1763000003_abc203
r5ct001x
pixel 6
oriole-system.img
', '{-3453719247810390465,-5839195638590735404,2584432831125797741,3852715509400938232,8852937445465315284,-5913017958285652572,-7498213843906111953}');
INSERT INTO public.past_texts VALUES (4, 1763000240000, 'job_1763000004_abc204
r5ct002x
pixel 6
oriole-boot.img
the device was unplugged.
', '{-539443641238197904,-5839195638590735404,8852937445465315284,-5291443220574805434,3262326273656400997,9219917609120257946,9186643211070618136,1638836881727491440}');
INSERT INTO public.past_texts VALUES (5, 1763086400000, 'job_1763000005_abc205
0123-5
prüfling 5
the device refused: ünïcödé; it isn''t "blank".
boot
vendor
', '{4429920652553535901,5112705890463374217,1748293951825327691,5381533999308010990,7760254349787290332,-5291443220574805434,9186643211070618136,105560251966400887,1638836881727491440}');
INSERT INTO public.past_texts VALUES (6, 1763086460000, 'job_1763000006_abc206
r5ct003x
pixel 6
oriole-system.img
the job was cancelled.
', '{3998776086869189835,-5839195638590735404,-8208617315159898433,8852937445465315284,9065071497504861804,-1005521089133410916,-5913017958285652572,-7498213843906111953}');
INSERT INTO public.past_texts VALUES (7, 1763086580000, 'job_1763000008_abc208
r5ct003x
pixel 6
oriole-boot.img
', '{6455879232515440740,-3453719247810390465,7760254349787290332,9065071497504861804,-1005521089133410916,9186643211070618136,1638836881727491440}');
INSERT INTO public.past_texts VALUES (8, 1763086520000, 'job_1763000007_abc207
r5ct002x
pixel 6
oriole-boot.img
the hub was not heard from; the outcome is unknown.
', '{-539443641238197904,-5839195638590735404,8852937445465315284,-3710521524619213551,-5291443220574805434,3262326273656400997,9186643211070618136,1638836881727491440}');
INSERT INTO public.rollups VALUES ('devices', 1, '', 20405, 'bench-a', 'R5CT001X', 3, 0, 0, 25165824, 0, 0, '\x', '\x', '\xce01b782ce01b782ce01b782', NULL);
INSERT INTO public.rollups VALUES ('devices', 1, '', 20405, 'bench-a', 'R5CT002X', 0, 1, 0, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('devices', 32, '', 20384, 'bench-a', 'R5CT001X', 3, 0, 0, 25165824, 0, 0, '\x', '\x', '\xce01b782ce01b782ce01b782', 'Pixel 6');
INSERT INTO public.rollups VALUES ('devices', 32, 'system', 20384, 'bench-a', 'R5CT001X', 3, 0, 0, 25165824, 0, 0, '\x', '\x', '\xce01b782ce01b782ce01b782', NULL);
INSERT INTO public.rollups VALUES ('faults', 32, '', 20384, 'bench-a', 'usb_unplugged', 0, 1, 0, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('faults', 32, 'boot', 20384, 'bench-a', 'usb_unplugged', 0, 1, 0, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('hubs', 1, '', 20405, 'bench-a', '', 3, 1, 0, 25165824, 2097152, 0, '\x', '\x', '\xce01b782ce01b782ce01b782', NULL);
INSERT INTO public.rollups VALUES ('hubs', 1, 'boot', 20405, 'bench-a', '', 0, 1, 0, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('hubs', 1, 'system', 20405, 'bench-a', '', 3, 0, 0, 25165824, 0, 0, '\x', '\x', '\xce01b782ce01b782ce01b782', NULL);
INSERT INTO public.rollups VALUES ('images', 1, '', 20405, 'bench-a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 3, 0, 0, 25165824, 0, 0, '\x', '\x', '\xce01b782ce01b782ce01b782', NULL);
INSERT INTO public.rollups VALUES ('partitions', 1, '', 20405, 'bench-a', 'boot', 0, 1, 0, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('partitions', 1, '', 20405, 'bench-a', 'system', 3, 0, 0, 25165824, 0, 0, '\x', '\x', '\xce01b782ce01b782ce01b782', NULL);
INSERT INTO public.rollups VALUES ('ports', 1, '', 20405, 'bench-a', 'usb:pci-0000:00:14.0-usb-0:1.4', 3, 1, 0, 25165824, 2097152, 0, '\x', '\x', '\xce01b782ce01b782ce01b782', NULL);
INSERT INTO public.rollups VALUES ('devices', 32, '', 20384, 'bench-a', 'R5CT002X', 0, 2, 0, 0, 4194304, 0, '\x', '\x', '\x', 'Pixel 6');
INSERT INTO public.rollups VALUES ('devices', 32, 'boot', 20384, 'bench-a', 'R5CT002X', 0, 2, 0, 0, 4194304, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('hubs', 32, '', 20384, 'bench-a', '', 3, 2, 1, 25165824, 4194304, 0, '\x', '\x', '\xce01b782ce01b782ce01b782', NULL);
INSERT INTO public.rollups VALUES ('hubs', 32, 'boot', 20384, 'bench-a', '', 0, 2, 0, 0, 4194304, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('hubs', 32, 'system', 20384, 'bench-a', '', 3, 0, 1, 25165824, 0, 0, '\x', '\x', '\xce01b782ce01b782ce01b782', NULL);
INSERT INTO public.rollups VALUES ('images', 32, '', 20384, 'bench-a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 3, 0, 1, 25165824, 0, 0, '\x', '\x', '\xce01b782ce01b782ce01b782', 'oriole-system.img');
INSERT INTO public.rollups VALUES ('images', 32, '', 20384, 'bench-a', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 0, 2, 0, 0, 4194304, 0, '\x', '\x', '\x', 'oriole-boot.img');
INSERT INTO public.rollups VALUES ('images', 32, 'boot', 20384, 'bench-a', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 0, 2, 0, 0, 4194304, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('images', 32, 'system', 20384, 'bench-a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 3, 0, 1, 25165824, 0, 0, '\x', '\x', '\xce01b782ce01b782ce01b782', NULL);
INSERT INTO public.rollups VALUES ('partitions', 32, '', 20384, 'bench-a', 'boot', 0, 2, 0, 0, 4194304, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('partitions', 32, 'boot', 20384, 'bench-a', 'boot', 0, 2, 0, 0, 4194304, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('ports', 32, '', 20384, 'bench-a', 'usb:pci-0000:00:14.0-usb-0:1.4', 3, 2, 1, 25165824, 4194304, 0, '\x', '\x', '\xce01b782ce01b782ce01b782', NULL);
INSERT INTO public.rollups VALUES ('ports', 32, 'boot', 20384, 'bench-a', 'usb:pci-0000:00:14.0-usb-0:1.4', 0, 2, 0, 0, 4194304, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('partitions', 32, '', 20384, 'bench-a', 'system', 3, 0, 1, 25165824, 0, 0, '\x01ce0103', '\x01b70203', '\x', NULL);
INSERT INTO public.rollups VALUES ('totals', 1, '', 20405, '', '', 3, 1, 0, 25165824, 2097152, 0, '\x', '\x', '\xce01b782ce01b782ce01b782', NULL);
INSERT INTO public.rollups VALUES ('faults', 1, '', 20405, 'bench-a', 'usb_unplugged', 0, 1, 0, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('images', 1, '', 20405, 'bench-a', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 0, 1, 0, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('devices', 1, '', 20406, 'bench-a', 'R5CT002X', 0, 1, 0, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('devices', 1, '', 20406, 'bench-a', 'R5CT003X', 0, 0, 1, 0, 0, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('devices', 1, '', 20406, 'bench-b', '0123-5', 0, 1, 0, 0, 68157440, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('devices', 1, '', 20406, 'bench-b', 'R5CT003X', 1, 0, 0, 67108864, 0, 0, '\x', '\x', '\xce01b782', NULL);
INSERT INTO public.rollups VALUES ('devices', 32, '', 20384, 'bench-a', 'R5CT003X', 0, 0, 1, 0, 0, 0, '\x', '\x', '\x', 'Pixel 6');
INSERT INTO public.rollups VALUES ('devices', 32, '', 20384, 'bench-b', '0123-5', 0, 1, 0, 0, 68157440, 0, '\x', '\x', '\x', 'Prüfling 5');
INSERT INTO public.rollups VALUES ('devices', 32, '', 20384, 'bench-b', 'R5CT003X', 1, 0, 0, 67108864, 0, 0, '\x', '\x', '\xce01b782', 'Pixel 6');
INSERT INTO public.rollups VALUES ('devices', 32, '+698050c4995df4d017d6cd7aad2c8652', 20384, 'bench-b', '0123-5', 0, 1, 0, 0, 68157440, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('devices', 32, 'boot', 20384, 'bench-b', 'R5CT003X', 1, 0, 0, 67108864, 0, 0, '\x', '\x', '\xce01b782', NULL);
INSERT INTO public.rollups VALUES ('devices', 32, 'system', 20384, 'bench-a', 'R5CT003X', 0, 0, 1, 0, 0, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('faults', 1, '', 20406, 'bench-a', 'hub_lost', 0, 1, 0, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('faults', 1, '', 20406, 'bench-b', 'device_refused', 0, 1, 0, 0, 68157440, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('faults', 32, '', 20384, 'bench-b', 'device_refused', 0, 1, 0, 0, 68157440, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('faults', 32, '+698050c4995df4d017d6cd7aad2c8652', 20384, 'bench-b', 'device_refused', 0, 1, 0, 0, 68157440, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('faults', 32, 'boot', 20384, 'bench-a', 'hub_lost', 0, 1, 0, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('hubs', 1, '', 20406, 'bench-a', '', 0, 1, 1, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('hubs', 1, '', 20406, 'bench-b', '', 1, 1, 0, 67108864, 68157440, 0, '\x', '\x', '\xce01b782', NULL);
INSERT INTO public.rollups VALUES ('hubs', 1, '+698050c4995df4d017d6cd7aad2c8652', 20406, 'bench-b', '', 0, 1, 0, 0, 68157440, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('hubs', 1, 'boot', 20406, 'bench-a', '', 0, 1, 0, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('hubs', 1, 'boot', 20406, 'bench-b', '', 1, 0, 0, 67108864, 0, 0, '\x', '\x', '\xce01b782', NULL);
INSERT INTO public.rollups VALUES ('hubs', 32, '+698050c4995df4d017d6cd7aad2c8652', 20384, 'bench-b', '', 0, 1, 0, 0, 68157440, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('images', 1, '', 20406, 'bench-a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 0, 0, 1, 0, 0, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('partitions', 32, 'system', 20384, 'bench-a', 'system', 3, 0, 1, 25165824, 0, 0, '\x01ce0103', '\x01b70203', '\x', NULL);
INSERT INTO public.rollups VALUES ('totals', 32, '', 20384, '', '', 4, 3, 1, 92274688, 72351744, 0, '\x', '\x', '\xce01b782ce01b782ce01b782ce01b782', NULL);
INSERT INTO public.rollups VALUES ('ports', 32, 'system', 20384, 'bench-a', 'usb:pci-0000:00:14.0-usb-0:1.4', 3, 0, 1, 25165824, 0, 0, '\x01ce0103', '\x01b70203', '\x', NULL);
INSERT INTO public.rollups VALUES ('images', 1, '', 20406, 'bench-a', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 0, 1, 0, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('images', 32, '', 20384, 'bench-b', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 1, 0, 0, 67108864, 67108864, 0, '\x', '\x', '\xce01b782', 'oriole-boot.img');
INSERT INTO public.rollups VALUES ('images', 32, '', 20384, 'bench-b', 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', 0, 1, 0, 0, 1048576, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('images', 32, '+698050c4995df4d017d6cd7aad2c8652', 20384, 'bench-b', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 0, 0, 0, 0, 67108864, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('images', 32, '+698050c4995df4d017d6cd7aad2c8652', 20384, 'bench-b', 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', 0, 1, 0, 0, 1048576, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('images', 32, 'boot', 20384, 'bench-b', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 1, 0, 0, 67108864, 0, 0, '\x', '\x', '\xce01b782', NULL);
INSERT INTO public.rollups VALUES ('partitions', 1, '', 20406, 'bench-a', 'boot', 0, 1, 0, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('partitions', 1, '', 20406, 'bench-a', 'system', 0, 0, 1, 0, 0, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('partitions', 1, '', 20406, 'bench-b', 'boot', 1, 0, 0, 67108864, 67108864, 0, '\x', '\x', '\xce01b782', NULL);
INSERT INTO public.rollups VALUES ('partitions', 1, '', 20406, 'bench-b', 'vendor', 0, 1, 0, 0, 1048576, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('partitions', 32, '', 20384, 'bench-b', 'boot', 1, 0, 0, 67108864, 67108864, 0, '\x', '\x', '\xce01b782', NULL);
INSERT INTO public.rollups VALUES ('partitions', 32, '', 20384, 'bench-b', 'vendor', 0, 1, 0, 0, 1048576, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('partitions', 32, '+698050c4995df4d017d6cd7aad2c8652', 20384, 'bench-b', 'boot', 0, 0, 0, 0, 67108864, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('partitions', 32, '+698050c4995df4d017d6cd7aad2c8652', 20384, 'bench-b', 'vendor', 0, 1, 0, 0, 1048576, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('partitions', 32, 'boot', 20384, 'bench-b', 'boot', 1, 0, 0, 67108864, 0, 0, '\x', '\x', '\xce01b782', NULL);
INSERT INTO public.rollups VALUES ('ports', 1, '', 20406, 'bench-a', 'usb:pci-0000:00:14.0-usb-0:1.4', 0, 1, 1, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('ports', 1, '', 20406, 'bench-b', '', 0, 1, 0, 0, 68157440, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('ports', 1, '', 20406, 'bench-b', 'usb:1-1.2', 1, 0, 0, 67108864, 0, 0, '\x', '\x', '\xce01b782', NULL);
INSERT INTO public.rollups VALUES ('ports', 32, '', 20384, 'bench-b', '', 0, 1, 0, 0, 68157440, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('ports', 32, '', 20384, 'bench-b', 'usb:1-1.2', 1, 0, 0, 67108864, 0, 0, '\x', '\x', '\xce01b782', NULL);
INSERT INTO public.rollups VALUES ('ports', 32, '+698050c4995df4d017d6cd7aad2c8652', 20384, 'bench-b', '', 0, 1, 0, 0, 68157440, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('ports', 32, 'boot', 20384, 'bench-b', 'usb:1-1.2', 1, 0, 0, 67108864, 0, 0, '\x', '\x', '\xce01b782', NULL);
INSERT INTO public.rollups VALUES ('totals', 1, '', 20406, '', '', 1, 2, 1, 67108864, 70254592, 0, '\x', '\x', '\xce01b782', NULL);
INSERT INTO public.rollups VALUES ('faults', 32, '', 20384, 'bench-a', 'hub_lost', 0, 1, 0, 0, 2097152, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('hubs', 1, 'system', 20406, 'bench-a', '', 0, 0, 1, 0, 0, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.rollups VALUES ('hubs', 32, '', 20384, 'bench-b', '', 1, 1, 0, 67108864, 68157440, 0, '\x01ce0101', '\x01b70201', '\x', NULL);
INSERT INTO public.rollups VALUES ('hubs', 32, 'boot', 20384, 'bench-b', '', 1, 0, 0, 67108864, 0, 0, '\x01ce0101', '\x01b70201', '\x', NULL);
INSERT INTO public.rollups VALUES ('images', 1, '', 20406, 'bench-b', 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 1, 0, 0, 67108864, 67108864, 0, '\x01ce0101', '\x01b70201', '\x', NULL);
INSERT INTO public.rollups VALUES ('images', 1, '', 20406, 'bench-b', 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc', 0, 1, 0, 0, 1048576, 0, '\x', '\x', '\x', NULL);
INSERT INTO public.standing_marks VALUES ('so_1', 'R5CT001X', 'flashed', 'job_1763000001_abc123', 'bench-a', 'R5CT001X', 's3ss10n_-A', false, 1, 1763000005000, NULL, NULL);
INSERT INTO public.standing_marks VALUES ('so_1', 'R5CT002X', 'failed', 'job_1763000002_abc124', 'bench-a', 'R5CT001X', 's3ss10n_-A', true, 3, 1763000006000, 'usb_unplugged', 'The cable was unplugged.');
INSERT INTO public.standing_marks VALUES ('so_2', '0123 456/ü', 'running', 'job_1763000003_abc127', 'bench-a', 'R5CT001X', 's3ss10n_-A', false, 1, 1763000007000, NULL, NULL);
INSERT INTO public.standing_orders VALUES ('so_2', NULL, '{}', '{"partitions": [{"partition": "boot", "image": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}]}', 1, NULL, false, 1763000001000, 0, 1, 1, NULL, '1 device in a row failed: it isn''t "blank"; ünïcödé
second line', NULL);
INSERT INTO public.standing_orders VALUES ('so_1', 'Pixels at bench A', '{"hubId": "bench-a", "port": "usb:1-1.*"}', '{"partition": "system", "image": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "verify": "readback"}', 3, 50, true, 1763000000000, 2, 1, 1, 'The cable was unplugged.', NULL, '{"identity": "alice", "user": "alice@bench-a", "address": "127.0.0.1", "agent": "flashyard/1.0"}');
SELECT pg_catalog.setval('public.audit_number_seq', 18, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_mark_key UNIQUE (mark);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.batch_items
    ADD CONSTRAINT batch_items_pkey PRIMARY KEY (batch_id, number);
ALTER TABLE ONLY public.batches
    ADD CONSTRAINT batches_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.history
    ADD CONSTRAINT history_pkey PRIMARY KEY (history_id);
ALTER TABLE ONLY public.kits
    ADD CONSTRAINT kits_pkey PRIMARY KEY (kit, partition);
ALTER TABLE ONLY public.last_good
    ADD CONSTRAINT last_good_pkey PRIMARY KEY (serial, place);
ALTER TABLE ONLY public.past_jobs
    ADD CONSTRAINT past_jobs_job_id_key UNIQUE (job_id);
ALTER TABLE ONLY public.past_jobs
    ADD CONSTRAINT past_jobs_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.past_logs
    ADD CONSTRAINT past_logs_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.past_steps
    ADD CONSTRAINT past_steps_pkey PRIMARY KEY (number, place);
ALTER TABLE ONLY public.past_texts
    ADD CONSTRAINT past_texts_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.rollups
    ADD CONSTRAINT rollups_pkey PRIMARY KEY (view, days, kit, first_day, hub_id, item);
ALTER TABLE ONLY public.standing_marks
    ADD CONSTRAINT standing_marks_pkey PRIMARY KEY (order_id, serial);
ALTER TABLE ONLY public.standing_orders
    ADD CONSTRAINT standing_orders_pkey PRIMARY KEY (id);
CREATE INDEX audit_by_action ON public.audit USING btree (action, number);
CREATE INDEX audit_by_age ON public.audit USING btree (at);
CREATE INDEX audit_by_device_id ON public.audit USING btree (device_id, number);
CREATE INDEX audit_by_hub_id ON public.audit USING btree (hub_id, number);
CREATE INDEX audit_by_identity ON public.audit USING btree (identity, number) WHERE (identity IS NOT NULL);
CREATE INDEX audit_by_job_id ON public.audit USING btree (job_id, number);
CREATE INDEX audit_by_outcome ON public.audit USING btree (outcome, number);
CREATE INDEX audit_by_subject ON public.audit USING btree (subject, number) WHERE (subject IS NOT NULL);
CREATE INDEX batch_items_by_job ON public.batch_items USING btree (job_id);
CREATE INDEX batches_by_age ON public.batches USING btree (created_at, id);
CREATE INDEX batches_by_key ON public.batches USING btree (idempotency_key);
CREATE INDEX batches_by_status ON public.batches USING btree (status);
CREATE INDEX kits_by_partition ON public.kits USING btree (partition);
CREATE INDEX last_good_by_age ON public.last_good USING btree (at);
CREATE INDEX past_jobs_by_age ON public.past_jobs USING btree (ended_at);
CREATE INDEX past_jobs_by_device ON public.past_jobs USING btree (device_id, ended_at);
CREATE INDEX past_jobs_by_hub ON public.past_jobs USING btree (hub_id, ended_at);
CREATE INDEX past_jobs_by_port ON public.past_jobs USING btree (port, ended_at);
CREATE INDEX past_texts_by_pieces ON public.past_texts USING gin (text public.gin_trgm_ops, traits) WITH (gin_pending_list_limit='2048');
CREATE INDEX standing_marks_by_age ON public.standing_marks USING btree (order_id, at);
CREATE INDEX standing_marks_by_state ON public.standing_marks USING btree (order_id, state);
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.audit_only_grows();
CREATE TRIGGER audit_only_grows BEFORE DELETE OR UPDATE ON public.audit FOR EACH ROW EXECUTE FUNCTION public.audit_only_grows();
ALTER TABLE ONLY public.batch_items
    ADD CONSTRAINT batch_items_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES public.batches(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.past_logs
    ADD CONSTRAINT past_logs_number_fkey FOREIGN KEY (number) REFERENCES public.past_jobs(number) ON DELETE CASCADE;
ALTER TABLE ONLY public.past_steps
    ADD CONSTRAINT past_steps_number_fkey FOREIGN KEY (number) REFERENCES public.past_jobs(number) ON DELETE CASCADE;
ALTER TABLE ONLY public.past_texts
    ADD CONSTRAINT past_texts_number_fkey FOREIGN KEY (number) REFERENCES public.past_jobs(number) ON DELETE CASCADE;
ALTER TABLE ONLY public.standing_marks
    ADD CONSTRAINT standing_marks_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.standing_orders(id) ON DELETE CASCADE;
