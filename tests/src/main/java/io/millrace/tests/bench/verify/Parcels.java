package io.millrace.tests.bench.verify;

import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;

/** The documents that are verified: a root row, one look-up and two elements, some 400 characters each. Every tenth is closed, and old. One sender has a tenth of all. */
final class Parcels {

    static final String NAME = "parcels";
    private static final String FILE = """
            millrace: 1
            name: parcels
            source: {name: demo, url: {env: MILLRACE_SOURCE_URL}, user: {env: MILLRACE_SOURCE_USER}, password: {env: MILLRACE_SOURCE_PASSWORD}}
            document:
              root: public.parcel
              fields: [id, name, status, weight, note, modified]
              one:
                sender: {table: public.parcel_sender, join: {sender_id: id}, fields: [name, region]}
              many:
                items: {table: public.parcel_item, join: {id: parcel_id}, orderBy: [id], fields: [id, sku, pieces]}
            index: {name: parcels}
            retention: {column: modified, keep: %d days, when: {status: closed}, hold: 100 %%}
            subjects:
              sender:
                key: public.parcel_sender.id
                places:
                  public.parcel_sender: {column: id, erase: row}
                  public.parcel: {column: sender_id, erase: row}
            """;
    /** The subject by which somebody is erased, and the key of the one with a tenth of all parcels: those with the lowest ids. */
    static final String SUBJECT = "sender";
    static final int BUSIEST = 0;
    private static final int LONG = 10_000;
    private static final int SHORT = 100;

    private Parcels() {}

    /** Tables, rows and a pipeline file by which all of them stay. */
    static void make(DemoStack stack, int documents) throws SQLException, IOException {
        try (var connection = stack.connect(); var statement = connection.createStatement()) {
            statement.execute("""
                    CREATE TABLE public.parcel_sender (id int PRIMARY KEY, name text NOT NULL, region text NOT NULL);
                    CREATE TABLE public.parcel (id bigint PRIMARY KEY, sender_id int, name text NOT NULL, status text NOT NULL, weight numeric(8,2), note text, modified timestamptz NOT NULL);
                    CREATE TABLE public.parcel_item (id bigint PRIMARY KEY, parcel_id bigint NOT NULL, sku text NOT NULL, pieces int NOT NULL);
                    INSERT INTO public.parcel_sender SELECT n, 'sender ' || n, 'region ' || n % 7 FROM generate_series($BUSIEST, 1000) n;
                    INSERT INTO public.parcel SELECT n, CASE WHEN n <= $N / 10 THEN $BUSIEST ELSE 1 + n % 1000 END, 'parcel ' || n, CASE WHEN n % 10 = 0 THEN 'closed' ELSE 'open' END, n % 10000 / 100.0, repeat(md5(n::text), 2), now() - interval '400 days' FROM generate_series(1, $N) n;
                    INSERT INTO public.parcel_item SELECT 2 * n - i, n, md5((n + i)::text), 1 + n % 9 FROM generate_series(1, $N) n, generate_series(0, 1) i;
                    CREATE INDEX ON public.parcel_item (parcel_id);
                    ANALYZE public.parcel_sender, public.parcel, public.parcel_item""".replace("$N", Integer.toString(documents)).replace("$BUSIEST", Integer.toString(BUSIEST)));
        }
        keep(stack, LONG);
    }

    /** The file by which every tenth leaves. */
    static void keepShort(DemoStack stack) throws IOException {
        keep(stack, SHORT);
    }

    private static void keep(DemoStack stack, int days) throws IOException {
        Files.writeString(stack.pipelines().resolve(NAME + ".yaml"), FILE.formatted(days));
    }
}
