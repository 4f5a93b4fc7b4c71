package io.millrace.launcher;

/** A number with what it counts. */
public final class Counted {

    private Counted() {}

    /** @param one the word for one, which takes an s for any other number */
    public static String of(long many, String one) {
        return of(many, one, one + "s");
    }

    /** @param more the words for any number but one */
    public static String of(long many, String one, String more) {
        return "%,d %s".formatted(many, many == 1 ? one : more);
    }
}
