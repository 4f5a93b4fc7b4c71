-- Twelve tables of a clinic, and beside them what cannot be replicated or should not be shown.
CREATE TYPE appointment_state AS ENUM ('booked', 'held', 'missed');
CREATE TABLE country (code char(2) PRIMARY KEY, name text NOT NULL);
CREATE TABLE clinic (id int PRIMARY KEY, name text NOT NULL, country_code char(2) REFERENCES country, opened date);
CREATE TABLE doctor (id int PRIMARY KEY, name text NOT NULL, clinic_id int NOT NULL REFERENCES clinic, password_hash text, rate numeric(8, 2));
CREATE TABLE speciality (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE doctor_speciality (doctor_id int REFERENCES doctor, speciality_id int REFERENCES speciality, PRIMARY KEY (doctor_id, speciality_id));
CREATE TABLE patient (id int PRIMARY KEY, name text NOT NULL, born date, photo bytea, initial text GENERATED ALWAYS AS (left(name, 1)) STORED);
CREATE TABLE room (id int PRIMARY KEY, label text NOT NULL, clinic_id int NOT NULL REFERENCES clinic);
CREATE TABLE appointment (id bigint PRIMARY KEY, patient_id int NOT NULL REFERENCES patient, doctor_id int NOT NULL REFERENCES doctor, room_id int REFERENCES room,
    starts_at timestamptz NOT NULL, state appointment_state NOT NULL DEFAULT 'booked', complaint text, fee numeric(8, 2));
CREATE TABLE diagnosis (id bigint PRIMARY KEY, appointment_id bigint NOT NULL REFERENCES appointment, code text NOT NULL, remark text);
CREATE TABLE invoice (appointment_id bigint PRIMARY KEY REFERENCES appointment, total numeric(10, 2) NOT NULL, paid_at timestamptz);
CREATE TABLE tag (id int PRIMARY KEY, label text NOT NULL);
CREATE TABLE appointment_tag (appointment_id bigint REFERENCES appointment, tag_id int REFERENCES tag, PRIMARY KEY (appointment_id, tag_id));

CREATE TABLE access_log (appointment_id bigint REFERENCES appointment, seen_at timestamptz);
CREATE UNLOGGED TABLE draft (id int PRIMARY KEY, appointment_id bigint REFERENCES appointment, text text);
CREATE VIEW open_appointment AS SELECT * FROM appointment WHERE state = 'booked';

INSERT INTO country VALUES ('at', 'Austria'), ('de', 'Germany');
INSERT INTO clinic SELECT n, 'Clinic ' || n, CASE WHEN n % 2 = 0 THEN 'at' ELSE 'de' END, DATE '1990-01-01' + n FROM generate_series(1, 3) n;
INSERT INTO doctor SELECT n, 'Doctor ' || n, 1 + n % 3, md5(n::text), 80 + n FROM generate_series(1, 6) n;
INSERT INTO speciality SELECT n, 'Speciality ' || n FROM generate_series(1, 4) n;
INSERT INTO doctor_speciality SELECT d, s FROM generate_series(1, 6) d, generate_series(1, 4) s WHERE (d + s) % 3 = 0;
INSERT INTO patient SELECT n, 'Patient ' || n, DATE '1950-01-01' + n * 300, '\x00' FROM generate_series(1, 50) n;
INSERT INTO room SELECT n, 'Room ' || n, 1 + n % 3 FROM generate_series(1, 9) n;
INSERT INTO appointment SELECT n, 1 + n % 50, 1 + n % 6, CASE WHEN n % 7 > 0 THEN 1 + n % 9 END, TIMESTAMPTZ '2026-01-01 08:00+00' + n * INTERVAL '20 minutes',
    (ARRAY['booked', 'held', 'missed'])[1 + n % 3]::appointment_state, CASE WHEN n % 4 > 0 THEN 'Complaint "' || n || '"' END, n * 1.5 FROM generate_series(1, 400) n;
INSERT INTO diagnosis SELECT n, 1 + n % 400, 'D' || n % 40, CASE WHEN n % 3 = 0 THEN 'remark ' || n END FROM generate_series(1, 700) n;
INSERT INTO invoice SELECT n, n * 2.25, CASE WHEN n % 2 = 0 THEN TIMESTAMPTZ '2026-03-01 00:00+00' END FROM generate_series(1, 400, 2) n;
INSERT INTO tag SELECT n, 'tag ' || n FROM generate_series(1, 8) n;
INSERT INTO appointment_tag SELECT a, 1 + (a * 3 + t) % 8 FROM generate_series(1, 400) a, generate_series(1, 3) t;
