package io.millrace.pipeline.wording;

import java.util.Locale;

/** A number with what it counts, thousands apart: {@code 1 document}, {@code 1,200 documents}. */
public final class Counted {

    private Counted() {}

    /** @param one the word for one, which takes an s for any other number */
    public static String of(long many, String one) {
        return of(many, one, one + "s");
    }

    /** @param more the words for any number but one */
    public static String of(long many, String one, String more) {
        return String.format(Locale.ROOT, "%,d %s", many, many == 1 ? one : more);
    }
}
