package io.millrace.pipeline.shape;

import io.millrace.pipeline.file.Node;
import io.millrace.pipeline.file.TableName;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;

/**
 * What the state of a join was built for, as it stands beside the state. Immutable.
 *
 * @param text its written form, from which {@link #read} makes the same
 */
public record DocumentShape(String text) {

    /** Of {@link #texts}: the format of the stored keys, rows and messages. */
    public static final String FORMAT = "format";
    /** Of {@link #texts}: the columns of the root's primary key. */
    public static final String KEY = "key";
    /** Of {@link #texts}: the steps of a user's own. */
    public static final String STEPS = "steps";
    /** Of {@link #texts}: the tables that are subscribed to. */
    public static final String SUBSCRIBED = "subscribed";
    private static final int ID_CHARACTERS = 16;

    /**
     * The shape of a plan.
     *
     * @param format of the stored keys, rows and messages
     * @param columns of every table, those that a stored row has, in their order
     * @param key the columns of the root's primary key, in their order
     * @param steps what differs where a user's code makes something else of finished documents; empty without such code
     * @param subscribed the tables of which a partition has only what its documents refer to
     */
    public static DocumentShape of(int format, Node document, SequencedMap<TableName, List<String>> columns, List<String> key, String steps, Stream<TableName> subscribed) {
        return new DocumentShape(new DocumentForm().list(FORMAT, Stream.of(Integer.toString(format))) + form(document, columns, key, steps, subscribed));
    }

    /** The part of it that fingerprints are made of. */
    public static String form(Node document, SequencedMap<TableName, List<String>> columns, List<String> key, String steps, Stream<TableName> subscribed) {
        var form = new DocumentForm().node(document);
        columns.forEach((table, names) -> form.list("table", Stream.concat(Stream.of(table.toString()), names.stream())));
        return form.list(KEY, key.stream()).list(STEPS, Stream.of(steps).filter(text -> !text.isEmpty())).list(SUBSCRIBED, subscribed.sorted().map(TableName::toString)).toString();
    }

    /**
     * Names what a file says of its documents, whatever the join's state is: two files have the same id if their documents have the same shape.
     */
    public static String id(Node document) {
        return id(new DocumentForm().node(document).toString());
    }

    /** That of a file with the same documents. */
    public String id() {
        return id(document().toString());
    }

    private static String id(String form) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(form.getBytes(StandardCharsets.UTF_8))).substring(0, ID_CHARACTERS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java has SHA-256", e);
        }
    }

    /** The columns that a stored row of each table has, in their order; the tables in the order in which the state numbers them. */
    public SequencedMap<TableName, List<String>> columns() {
        var columns = new LinkedHashMap<TableName, List<String>>();
        for (var part : Form.read(text)) {
            if (part.kind().equals("table")) {
                columns.put(TableName.parse(part.texts().getFirst()), part.texts().subList(1, part.texts().size()));
            }
        }
        return columns;
    }

    Form document() {
        return Form.read(text).stream().filter(part -> part.kind().equals("node")).findFirst().orElseThrow(() -> new IllegalArgumentException("This is no shape of documents: " + text));
    }

    /** What is said under a name beside documents and tables: by one of the constants above; empty where nothing is. */
    public List<String> texts(String kind) {
        return Form.read(text).stream().filter(part -> part.kind().equals(kind)).findFirst().map(Form::texts).orElse(List.of());
    }

    @Override
    public String toString() {
        return text;
    }
}
