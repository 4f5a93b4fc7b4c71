package io.millrace.console.manage;

import jakarta.ws.rs.BadRequestException;
import java.util.List;
import java.util.stream.Stream;

/**
 * What somebody who looks for monitors asks; what is empty is asked for all.
 *
 * @param words of which each stands in the name or in the message
 * @param organisation its id; null for all
 * @param tag a tag's value
 * @param byName else the newest stand first
 * @param page the first is 0
 */
record Question(List<String> words, Long organisation, String status, String type, String team, String tag, boolean byName, int page) {

    /** On a page. */
    static final int ROWS = 10;
    /** Of each count, the most frequent values. */
    static final int VALUES = 10;
    private static final int MOST_WORDS = 8;
    private static final int LAST_PAGE = 900;

    /** @throws BadRequestException when the organisation is no number */
    static Question of(String text, String organisation, String status, String type, String team, String tag, String sort, int page) {
        return new Question(Stream.of(text.strip().split("\\s+")).filter(w -> !w.isEmpty()).limit(MOST_WORDS).toList(), id(organisation), status, type, team, tag, sort.equals("name"), Math.clamp(page, 0, LAST_PAGE));
    }

    private static Long id(String organisation) {
        try {
            return organisation.isBlank() ? null : Long.valueOf(organisation.strip());
        } catch (NumberFormatException e) {
            throw new BadRequestException("The organisation is asked for by its id, a whole number, not by " + organisation);
        }
    }

    int offset() {
        return page * ROWS;
    }
}
