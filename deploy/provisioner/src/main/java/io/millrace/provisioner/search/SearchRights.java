package io.millrace.provisioner.search;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What somebody may do in the search engine, by the names that it gives its actions. Whoever does no more than read an index may not
 * even ask for another one's name.
 *
 * @param cluster actions that are of no index, or of many at once
 * @param indexes of some indexes each
 */
record SearchRights(List<String> cluster, List<OnIndexes> indexes) {

    /** Where the indexer writes down how far an index is. */
    private static final String MARKS = "millrace-marks";
    /** No index: the indexer asks for it to learn whether the engine takes writes. */
    private static final String NOBODY = "millrace-nobody";

    private static final String READER = "millrace-reader-";
    private static final String GENERATIONS = "-00????";
    private static final Pattern FORMER_GENERATIONS = Pattern.compile("-\\?{6}$");
    /** An alias, its indexes, or its generations, as {@link #roles} writes them. */
    private static final Pattern OF_PIPELINES = Pattern.compile("[^*?]+(-\\*|-00\\?{4})?");

    private static final List<String> READING = List.of("indices:data/read/search*", "indices:data/read/get", "indices:data/read/mget*", "indices:data/read/field_caps*", "indices:data/read/explain",
            "indices:admin/mappings/get", "indices:admin/aliases/get", "indices:admin/get", "indices:admin/refresh*", "indices:monitor/settings/get");
    private static final List<String> READING_MANY = List.of("indices:data/read/mget", "indices:data/read/msearch", "indices:data/read/scroll", "indices:data/read/scroll/clear");
    private static final List<String> SEARCHING = List.of("indices:data/read/search*", "indices:data/read/get", "indices:data/read/mget*", "indices:data/read/field_caps*", "indices:data/read/explain",
            "indices:admin/mappings/get", "indices:admin/get");
    private static final List<String> INDEXING = List.of("indices:admin/create", "indices:admin/auto_create", "indices:admin/delete", "indices:admin/get", "indices:admin/aliases", "indices:admin/aliases/get",
            "indices:admin/mapping/put", "indices:admin/mapping/auto_put", "indices:admin/mappings/get", "indices:admin/settings/update", "indices:monitor/settings/get", "indices:monitor/stats", "indices:admin/refresh*", "indices:admin/flush*",
            "indices:data/write/*", "indices:data/read/*");

    /**
     * @param names of indexes and aliases, with {@code *} for any characters and {@code ?} for one
     * @param actions with {@code *} for any characters
     */
    record OnIndexes(List<String> names, List<String> actions) {}

    /** By the role's name: each service's, and for each index one of whoever reads it; the pipelines' indexes stand first in each. @param indexes the aliases */
    static SequencedMap<String, SearchRights> roles(Collection<String> indexes) {
        var roles = new LinkedHashMap<String, SearchRights>();
        var all = indexes.stream().flatMap(index -> Stream.of(index, index + "-*")).toList();
        var read = indexes.stream().flatMap(SearchRights::served).toList();
        roles.put("millrace-search-indexer", new SearchRights(Stream.concat(Stream.of("cluster:monitor/health", "cluster:monitor/main", "indices:data/write/bulk"), READING_MANY.stream()).toList(),
                List.of(new OnIndexes(all, INDEXING), new OnIndexes(List.of(MARKS, NOBODY), INDEXING))));
        roles.put("millrace-purge-service", new SearchRights(READING_MANY, List.of(new OnIndexes(read, READING))));
        roles.put("millrace-console", new SearchRights(READING_MANY, List.of(new OnIndexes(read, SEARCHING))));
        indexes.forEach(index -> roles.put(READER + index, new SearchRights(READING_MANY, List.of(new OnIndexes(served(index).toList(), SEARCHING)))));
        return roles;
    }

    /** Whether a role is of the pipelines of other files as well: that of a service is, that of a reader is not. */
    static boolean isShared(String role) {
        return !role.startsWith(READER);
    }

    /** Whether a pattern is one that a service needs for a pipeline; one that somebody made wider by hand is not. */
    static boolean isOfPipelines(String pattern) {
        return OF_PIPELINES.matcher(pattern).matches();
    }

    /** A pattern as it is written today; once a generation was six characters of any kind. */
    static String today(String pattern) {
        return FORMER_GENERATIONS.matcher(pattern).replaceFirst(GENERATIONS);
    }

    /**
     * The alias, and its generations, which are counted from 000001 on, so that the first 9,999 are meant. A pattern knows no digits: an
     * index that is called as this one, and then a dash, two zeros and four characters, is meant too, one such as monitors-closed is not.
     */
    private static Stream<String> served(String index) {
        return Stream.of(index, index + GENERATIONS);
    }
}
