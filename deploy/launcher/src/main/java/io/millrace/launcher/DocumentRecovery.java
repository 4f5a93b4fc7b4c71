package io.millrace.launcher;

import io.millrace.local.LocalException;
import io.millrace.pipeline.log.Rebuild;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import picocli.CommandLine.Option;

/** Has the documents of a pipeline made anew: the tables whose rows are not whole read again, the join built from the rows, the index written from there, and all of it compared with the database. */
final class DocumentRecovery {

    /** What a join reads in a second on few cores; only to say about how long it takes. */
    private static final int ROWS_PER_SECOND = 10_000;
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration TOLD = Duration.ofSeconds(5);
    private static final int SHOWN = 20;

    @Option(names = "--look", description = "Of documents: says what is wrong and what would be done, and does nothing.")
    private boolean look;
    @Option(names = "--anew", description = "Of documents: has the join built anew also where it was, and its documents were only not compared with the database yet.")
    private boolean anew;
    @Option(names = "--purge-url", paramLabel = "URL", converter = HttpAddress.class, description = "Of documents: the purge service, which compares them with the database at the end. Default: that of the stack which runs on the data folder.")
    private String purge;
    @Within(of = "seconds", from = 1)
    @Option(names = "--wait", paramLabel = "SECONDS", defaultValue = "300", description = "Of documents: how long the join's instances may take to stop. Default: ${DEFAULT-VALUE}.")
    private int patience;

    static boolean isDocuments(String what) {
        return what.startsWith(Topics.DOCUMENTS);
    }

    /**
     * Does it; run again, it goes on where it ended.
     *
     * @param capture has tables read again
     * @return the exit code: 0 where the documents are those of the database, or nothing was to be done
     * @throws LocalException where a stage or Kafka does not do what is needed
     */
    int recover(String topic, Map<String, Object> kafka, SourceRecovery capture, PrintWriter out) throws IOException, InterruptedException {
        var pipeline = topic.substring(Topics.DOCUMENTS.length());
        try (var rebuild = new Rebuild(kafka, pipeline)) {
            var missing = rebuild.missing();
            if (!missing.isEmpty()) {
                throw new LocalException("The topics " + String.join(", ", missing) + " are not there. Is " + pipeline + " the name of a pipeline whose join has run here? If it is, run ./millrace apply, which makes topics that are gone, let the join start, and run this again");
            }
            if (!look) {
                rebuild.take();
            }
            boolean isUnderWay = !anew && rebuild.isUnderWay();
            var rows = say(rebuild, pipeline, isUnderWay, out);
            if (look) {
                return 0;
            }
            requireSource(pipeline, capture);
            if (!isUnderWay) {
                for (var rowTopic : rows) {
                    reread(rowTopic, capture, out);
                }
                begin(rebuild, pipeline, out);
            }
            awaitBuilt(rebuild, pipeline, out);
            requireSource(pipeline, capture);
            int differs = prove(pipeline, capture, out);
            if (differs == 0) {
                rebuild.prove();
            }
            return differs;
        } catch (KafkaException | IllegalStateException e) {
            throw new LocalException("Having the documents of " + pipeline + " made anew failed: " + e.getMessage() + ". Run it again, it goes on from there", e);
        }
    }

    /** What capture lacks the documents lack, and a verification would wait for it. */
    private static void requireSource(String pipeline, SourceRecovery capture) throws IOException, InterruptedException {
        var lacks = capture.lacks();
        if (lacks != null) {
            throw new LocalException("The documents of " + pipeline + " cannot be those of the database before their source is whole. Its capture says: " + lacks.lines().limit(3).collect(Collectors.joining("; "))
                    + ". Do what it says, and once it is UP run this again");
        }
    }

    private void begin(Rebuild rebuild, String pipeline, PrintWriter out) throws InterruptedException {
        rebuild.ask();
        say(out, "The instances of the join of %s are asked to stop …", pipeline);
        rebuild.awaitStopped(Duration.ofSeconds(patience));
        say(out, "Documents and rows are read once for the highest version …");
        var life = rebuild.clear(new Progress(out));
        say(out, "What the join of %s kept is cleared; it begins with the first row, and no document gets a version below %d.", pipeline, life.floor());
    }

    /** @return topics of rows that are not whole */
    private static Set<String> say(Rebuild rebuild, String pipeline, boolean isUnderWay, PrintWriter out) throws InterruptedException {
        if (isUnderWay) {
            say(out, "The join of %s is built anew already; what is left is to wait for its documents, and to compare them with the database.", pipeline);
            return Set.of();
        }
        var gaps = rebuild.gaps();
        say(out, gaps.isEmpty() ? "Nothing of what the join of %s stands on is known to be wrong." : "Of what the join of %s stands on is wrong:", pipeline);
        gaps.forEach((partition, gap) -> say(out, "  %s: %s", partition, gap.what()));
        var rows = new TreeSet<String>();
        gaps.forEach((partition, gap) -> {
            if (Rebuild.lacksRows(partition, gap)) {
                rows.add(partition.topic());
            }
        });
        rows.forEach(topic -> say(out, "Capture reads the table %s of %s again, since %s is not whole.", Topics.table(topic), Topics.source(topic), topic));
        long count = rebuild.rows();
        say(out, "The join is stopped and built anew from %s, about %s; the index is served as it is meanwhile, and becomes stale for as long. Then it is written again from the documents, and compared with the database.",
                Counted.of(count, "row"), Duration.ofSeconds(Math.max(1, count / ROWS_PER_SECOND)).toString().substring(2).toLowerCase());
        return rows;
    }

    private static void reread(String topic, SourceRecovery capture, PrintWriter out) throws IOException, InterruptedException {
        var table = Topics.table(topic).toString();
        capture.reread(Topics.source(topic), table);
        var said = "";
        for (var now = capture.rereading(Topics.source(topic), table); now != null; now = capture.rereading(Topics.source(topic), table)) {
            if (!now.equals(said)) {
                say(out, "  %s", now);
                said = now;
            }
            Thread.sleep(LOOK);
        }
    }

    private static void awaitBuilt(Rebuild rebuild, String pipeline, PrintWriter out) throws InterruptedException {
        var said = "";
        var wrong = Set.<TopicPartition>of();
        for (var building = rebuild.building(); !building.isEmpty(); building = rebuild.building()) {
            var gaps = rebuild.gaps();
            // One look alone may have met a commit half-way.
            if (!gaps.isEmpty() && gaps.keySet().equals(wrong)) {
                throw new LocalException("The join of " + pipeline + " does not come to an end, since what it stands on was taken away meanwhile: " + gaps.entrySet().stream().limit(3).map(gap -> gap.getKey() + ": " + gap.getValue().what()).collect(Collectors.joining("; "))
                        + ". Run this again, and not twice at once");
            }
            wrong = gaps.keySet();
            if (!building.toString().equals(said)) {
                say(out, "  the join of %s is still %s", pipeline, building);
                said = building.toString();
            }
            Thread.sleep(LOOK);
        }
        say(out, "The join of %s has put all its documents out.", pipeline);
    }

    /** Documents of rows whose deletion nobody has heard of are no documents of the join any more, and go by this. */
    private int prove(String pipeline, SourceRecovery capture, PrintWriter out) throws IOException, InterruptedException {
        say(out, "They are compared with the database, and what differs is repaired …");
        var service = new PurgeCall(capture, purge);
        int differs = VerifyCommand.verify(service, pipeline, Map.of("repair", true), SHOWN, out);
        differs = differs == 0 ? 0 : VerifyCommand.verify(service, pipeline, Map.of("repair", false), SHOWN, out);
        if (differs == VerifyCommand.DIFFERS) {
            say(out, "What differs was not mended through the log. Where Postgres and Kafka both came back from older copies, the index may have higher versions than they know of, and refuse lower ones. Add a later generation of the pipeline, with 'replaces: [%s]', whose index is new.", pipeline);
        }
        return differs;
    }

    /** Says now and then how far a reading has come. */
    private static final class Progress implements Rebuild.Listener {

        private final PrintWriter out;
        private final long began = System.nanoTime();
        private long told = began;

        Progress(PrintWriter out) {
            this.out = out;
        }

        @Override
        public void read(long offsets, long of) {
            long now = System.nanoTime();
            if (now - told > TOLD.toNanos() || offsets == of) {
                told = now;
                say(out, "  %,d of %,d offsets, %,.0f a second", offsets, of, offsets * 1e9 / Math.max(1, now - began));
            }
        }
    }

    private static void say(PrintWriter out, String format, Object... about) {
        out.printf(format + "%n", about);
        out.flush();
    }
}
