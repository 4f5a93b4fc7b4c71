package io.millrace.tests.bench.search;

import io.millrace.tests.bench.search.Question.Order;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** What people ask in what proportion; of ten questions eight come from the large organisation. */
final class QuestionMix {

    private static final int ORGANISATIONS = 5;

    /**
     * @param words that names have
     * @param seconds words that names have besides
     * @param prose words that only the text below the name has
     * @param values to filter by, for each facet
     */
    record Facets(List<String> words, List<String> seconds, List<String> prose, Map<String, List<String>> values) {}

    private final SplittableRandom random;
    private final Facets facets;

    private QuestionMix(SplittableRandom random, Facets facets) {
        this.random = random;
        this.facets = facets;
    }

    static List<Question> of(SplittableRandom random, int count, Facets facets) {
        var mix = new QuestionMix(random, facets);
        var questions = new ArrayList<Question>();
        for (int i = 0; i < count; i++) {
            questions.add(mix.next());
        }
        return questions;
    }

    private Question next() {
        long organisation = random.nextInt(10) < 8 ? 1 : 2 + random.nextInt(ORGANISATIONS - 1);
        return switch (random.nextInt(20)) {
            case 0, 1 -> question(organisation, List.of(), Order.MODIFIED, random.nextInt(3));
            case 2, 3, 4, 5 -> question(organisation, List.of(pick(facets.words)), Order.MODIFIED, 0);
            case 6, 7 -> question(organisation, List.of(pick(facets.seconds), pick(facets.words)), Order.NAME, 0);
            case 8, 9 -> question(organisation, List.of(pick(facets.prose)), Order.MODIFIED, 0);
            case 10, 11 -> question(organisation, List.of(), Order.NAME, 0, "team");
            case 12, 13 -> question(organisation, List.of(), Order.MODIFIED, 0, "tag");
            case 14, 15 -> question(organisation, List.of(pick(facets.words)), Order.MODIFIED, 0, "tag");
            case 16, 17 -> question(organisation, List.of(), Order.NAME, random.nextInt(2), others());
            case 18 -> question(organisation, List.of(pick(facets.words)), Order.MODIFIED, 0, "team", others());
            default -> question(organisation, List.of(), Order.NAME, 20 + random.nextInt(20));
        };
    }

    private Question question(long organisation, List<String> words, Order order, int page, String... filtered) {
        var filters = new TreeMap<String, String>();
        for (var facet : filtered) {
            filters.put(facet, pick(facets.values.get(facet)));
        }
        return new Question(organisation, words, filters, order, page);
    }

    /** A facet of few values. */
    private String others() {
        return pick(facets.values.keySet().stream().filter(f -> !f.equals("team") && !f.equals("tag")).sorted().toList());
    }

    private <T> T pick(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }
}
