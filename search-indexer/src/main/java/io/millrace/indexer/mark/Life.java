package io.millrace.indexer.mark;

/**
 * In which life a join is that has put all its documents out.
 *
 * @param number 0 for the first
 * @param from the offset in one partition of the documents from which on all of them came out in it
 */
record Life(long number, long from) {

    static final Life FIRST = new Life(0, 0);
}
