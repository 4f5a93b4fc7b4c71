package io.millrace.local;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;

/** How a command line tells of a fault that is Millrace's own. */
public final class Fault {

    private Fault() {}

    /** A sentence for everybody. The stack trace, which helps whoever mends it, goes into a file, whose name is told. */
    public static String told(Throwable failure) {
        var said = "This is a fault of Millrace itself: " + failure;
        try {
            var file = Files.createTempFile("millrace-fault-", ".txt");
            try (var out = new PrintWriter(Files.newBufferedWriter(file))) {
                failure.printStackTrace(out);
            }
            return said + "\nWhere it happened stands in " + file + ", which helps whoever mends it";
        } catch (IOException e) {
            var trace = failure.getStackTrace();
            return trace.length == 0 ? said : said + ", in " + trace[0];
        }
    }
}
