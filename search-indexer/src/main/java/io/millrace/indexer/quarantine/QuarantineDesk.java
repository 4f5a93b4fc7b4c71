package io.millrace.indexer.quarantine;

import io.millrace.indexer.Pipelines;
import io.millrace.indexer.generation.Generations;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.wording.Counted;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Takes what somebody decides about parked documents. A decision is in the quarantine's topic when this returns; whoever has the partition carries it out. Thread-safe. */
@Singleton
public final class QuarantineDesk {

    private final Pipelines pipelines;
    private final Generations generations;
    private final ParkedDocuments documents;
    private final Quarantine quarantine;
    private final AtomicBoolean asked = new AtomicBoolean();

    QuarantineDesk(Pipelines pipelines, Generations generations, ParkedDocuments documents, Quarantine quarantine) {
        this.pipelines = pipelines;
        this.generations = generations;
        this.documents = documents;
        this.quarantine = quarantine;
    }

    /** Whether something was decided here since this was asked last. */
    public boolean isAsked() {
        return asked.getAndSet(false);
    }

    /**
     * Some of the documents that stand there, those that were parked first in each partition first.
     *
     * @param after the place of the one before, {@code partition:offset}; empty for the first page
     * @throws NoSuchElementException when there is no such pipeline
     * @throws IllegalArgumentException when that is no place
     */
    ParkedPage page(String name, String after, int limit) throws InterruptedException {
        var pipeline = pipeline(name);
        var shelf = documents.standing(pipeline, Set.of());
        var places = shelf.places();
        var page = places.stream().filter(behind(after)).limit(limit).toList();
        return new ParkedPage(places.size(), shelf.isMore(), views(documents.heads(pipeline, page), page, 0));
    }

    private static Predicate<Place> behind(String after) {
        if (after.isEmpty()) {
            return place -> true;
        }
        var parts = after.split(":", 2);
        try {
            var last = new Place(null, "", Integer.parseInt(parts[0]), Long.parseLong(parts[parts.length - 1]), false, false);
            return place -> Comparator.comparingInt(Place::partition).thenComparingLong(Place::offset).compare(place, last) > 0;
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + after + "' is no place of a document in quarantine; give the last one's of the page before, as partition:offset");
        }
    }

    /**
     * One document, once for each index that refused it; with more than some megabytes of content, not for each of them.
     *
     * @param most so many characters of its content are told; 0 for none, and then it is told for each index whatever its size
     * @throws NoSuchElementException when there is no such pipeline, or it does not stand there
     */
    List<ParkedView> one(String name, String id, int most) throws InterruptedException {
        var pipeline = pipeline(name);
        var places = chosen(pipeline, Set.of(id)).places();
        return views(most == 0 ? documents.heads(pipeline, places) : documents.whole(pipeline, places), places, most);
    }

    private static List<ParkedView> views(List<Parked> parked, List<Place> places, int most) {
        var asked = places.stream().filter(Place::asked).map(Place::name).collect(Collectors.toSet());
        return parked.stream().map(one -> ParkedView.of(one, asked.contains(one.place().name()), most)).toList();
    }

    /**
     * Has documents sent again.
     *
     * @param ids empty for all
     * @throws NoSuchElementException when there is no such pipeline, or one of the ids does not stand there
     * @throws IllegalArgumentException when one of the ids cannot be sent to the index that refused it
     */
    Ordered replay(String name, Set<String> ids, String reason, String by) throws InterruptedException {
        var pipeline = pipeline(name);
        var shelf = chosen(pipeline, ids);
        var written = generations.lineup(pipeline).own();
        var sent = new ArrayList<Place>();
        int left = 0;
        for (var place : shelf.places()) {
            boolean goes = place.replayable() && (place.index().isEmpty() || written.contains(place.index()));
            if (goes) {
                sent.add(place);
            } else if (ids.isEmpty()) {
                left++;
            } else {
                throw new IllegalArgumentException("The document " + place.id() + (place.replayable() ? " was refused by the index " + place.index() + ", which is not there any more, so nobody would send it; discard it"
                        : " is none that an index could take; have the join make it anew, or discard it"));
            }
        }
        quarantine.decided(pipeline, sent, "replay", reason, by);
        asked.set(true);
        return new Ordered(sent.size(), left, shelf.isMore());
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
        var chosen = chosen(pipeline, ids).places();
        if (chosen.size() != count) {
            throw new IllegalArgumentException(Counted.of(chosen.size(), "document") + " would be given up, not " + count + "; look again, then say how many");
        }
        quarantine.decided(pipeline, chosen, "discard", reason, by);
        quarantine.settled(pipeline, chosen, place -> Settlement.DISCARDED);
        return chosen.size();
    }

    private Shelf chosen(Pipeline pipeline, Set<String> ids) throws InterruptedException {
        var shelf = documents.standing(pipeline, ids);
        var found = shelf.places().stream().map(Place::id).collect(Collectors.toSet());
        ids.stream().filter(id -> !found.contains(id)).findFirst().ifPresent(id -> {
            throw new NoSuchElementException("No document " + id + " of the pipeline " + pipeline.name() + " stands in quarantine");
        });
        return shelf;
    }

    private Pipeline pipeline(String name) {
        return pipelines.all().stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow(() -> new NoSuchElementException(
                "There is no pipeline " + name + " here; there are " + pipelines.all().stream().map(Pipeline::name).collect(Collectors.joining(", "))));
    }
}
