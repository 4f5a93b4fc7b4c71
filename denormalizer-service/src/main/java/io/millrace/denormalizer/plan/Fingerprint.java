package io.millrace.denormalizer.plan;

import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.shape.DocumentShape;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * Tells plans apart that make other documents or cannot share state stores: {@code FORMAT-SHA256} of a canonical form of what the stores' content follows from.
 *
 * @param text as it is stored
 * @param former as versions before the canonical form stored it, which is accepted once and replaced
 * @param shape what it is made of
 */
public record Fingerprint(String text, String former, DocumentShape shape) {

    /** Whether stores with this fingerprint can be gone on with as they are. */
    public boolean accepts(String stored) {
        return stored.equals(text) || stored.equals(former);
    }

    @Override
    public String toString() {
        return text;
    }

    /**
     * @param format raised when the stored form of keys, rows or messages changes
     * @param tables every table, with its columns in the order in which they are stored
     * @param steps what differs where a user's code makes something else of finished documents; empty without such code
     * @param subscribed the tables of which a partition has only what its documents refer to
     */
    static Fingerprint of(int format, Node document, Collection<TablePlan> tables, List<String> rootKey, String steps, Collection<TableName> subscribed) {
        var columns = new LinkedHashMap<TableName, List<String>>();
        tables.forEach(table -> columns.put(table.name(), table.columns()));
        return new Fingerprint(format + "-" + sha256(DocumentShape.form(document, columns, rootKey, steps, subscribed.stream())), former(format, document, tables, rootKey, steps, subscribed),
                DocumentShape.of(format, document, columns, rootKey, steps, subscribed.stream()));
    }

    private static String former(int format, Node document, Collection<TablePlan> tables, List<String> rootKey, String steps, Collection<TableName> subscribed) {
        var columns = tables.stream().map(t -> t.name() + "" + t.columns()).toList();
        var names = subscribed.isEmpty() ? "" : subscribed.stream().map(TableName::toString).sorted().toList().toString();
        return format + "-" + Integer.toHexString((document + "" + columns + rootKey + steps + names).hashCode());
    }

    private static String sha256(String form) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(form.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java has SHA-256", e);
        }
    }
}
