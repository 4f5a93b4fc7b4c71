package io.millrace.indexer.quarantine;

import io.millrace.indexer.Pipelines;
import io.millrace.pipeline.file.Pipeline;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;

/** Takes what somebody decides about parked documents. A decision is in the quarantine's topic when this returns; the lane of the partition carries it out. Thread-safe. */
@Singleton
public final class QuarantineDesk {

    private final Pipelines pipelines;
    private final ParkedDocuments documents;
    private final Quarantine quarantine;
    private final AtomicBoolean asked = new AtomicBoolean();

    QuarantineDesk(Pipelines pipelines, ParkedDocuments documents, Quarantine quarantine) {
        this.pipelines = pipelines;
        this.documents = documents;
        this.quarantine = quarantine;
    }

    /** Whether something was decided here since this was asked last. */
    public boolean isAsked() {
        return asked.getAndSet(false);
    }

    /** @throws NoSuchElementException when there is no such pipeline */
    Collection<Parked> standing(String pipeline) throws InterruptedException {
        return documents.of(pipeline(pipeline));
    }

    /**
     * Has documents sent again.
     *
     * @param ids empty for all
     * @return how many
     * @throws NoSuchElementException when there is no such pipeline, or one of the ids does not stand there
     */
    int replay(String name, Set<String> ids, String reason, String by) throws InterruptedException {
        var pipeline = pipeline(name);
        int decided = 0;
        for (var parked : chosen(pipeline, ids)) {
            if (parked.isReplayable()) {
                quarantine.decided(pipeline, parked, "replay", reason, by);
                decided++;
            }
        }
        asked.set(true);
        return decided;
    }

    /**
     * Gives documents up for good.
     *
     * @param ids empty for all
     * @param count how many they are, by whoever decides
     * @return how many
     * @throws NoSuchElementException when there is no such pipeline, or one of the ids does not stand there
     * @throws IllegalArgumentException when they are not so many
     */
    int discard(String name, Set<String> ids, long count, String reason, String by) throws InterruptedException {
        var pipeline = pipeline(name);
        var chosen = chosen(pipeline, ids);
        if (chosen.size() != count) {
            throw new IllegalArgumentException(chosen.size() + " documents would be given up, not " + count + "; look again, then say how many");
        }
        for (var parked : chosen) {
            quarantine.decided(pipeline, parked, "discard", reason, by);
            quarantine.settled(pipeline, parked, Settlement.DISCARDED);
        }
        return chosen.size();
    }

    private List<Parked> chosen(Pipeline pipeline, Set<String> ids) throws InterruptedException {
        var standing = documents.of(pipeline);
        if (ids.isEmpty()) {
            return List.copyOf(standing);
        }
        var chosen = new ArrayList<Parked>();
        standing.stream().filter(parked -> ids.contains(parked.id())).forEach(chosen::add);
        var found = chosen.stream().map(Parked::id).collect(Collectors.toSet());
        ids.stream().filter(id -> !found.contains(id)).findFirst().ifPresent(id -> {
            throw new NoSuchElementException("No document " + id + " of the pipeline " + pipeline.name() + " stands in quarantine");
        });
        return chosen;
    }

    private Pipeline pipeline(String name) {
        return pipelines.all().stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow(() -> new NoSuchElementException(
                "There is no pipeline " + name + " here; there are " + pipelines.all().stream().map(Pipeline::name).collect(Collectors.joining(", "))));
    }
}
