package io.millrace.capture.source;

import java.sql.Connection;

/**
 * What a look asks with, and has found already.
 *
 * @param truncates that came in the stream
 * @param confirmed LSN up to which the slot is confirmed; 0 where there is no slot
 * @param horizon every transaction below had ended before the look began, see {@link SourceLook#horizon}
 */
record Looking(Connection connection, Truncates truncates, long confirmed, long horizon) {}
