package io.millrace.pipeline.record;

/** What a change did to its row; one ASCII letter in the record header. */
public enum Op {
    CREATE('c'),
    UPDATE('u'),
    DELETE('d'),
    /** A row as a snapshot found it. */
    READ('r'),
    /** All rows of the table went; the record has an empty key and goes to every partition. */
    TRUNCATE('t');

    private final byte[] code;

    Op(char letter) {
        this.code = new byte[] {(byte) letter};
    }

    /** The header's value; shared, do not change it. */
    public byte[] code() {
        return code;
    }

    public static Op of(byte[] code) {
        if (code.length == 1) {
            switch (code[0]) {
                case 'c':
                    return CREATE;
                case 'u':
                    return UPDATE;
                case 'd':
                    return DELETE;
                case 'r':
                    return READ;
                case 't':
                    return TRUNCATE;
                default:
            }
        }
        throw new IllegalArgumentException("'" + new String(code, java.nio.charset.StandardCharsets.US_ASCII) + "' is no operation; known are c, u, d, r, t");
    }
}
