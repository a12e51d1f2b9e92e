"""What APIs call the parts of a listing, squashed to one word: `page[size]`, `pageSize` are `pagesize`.

The words of many APIs, none of one: a word belongs here when it means the same wherever it is met.
"""

from __future__ import annotations

# Of a body: the rows, whatever they are.
ROWS = frozenset(
    [
        "data", "items", "item", "results", "result", "records", "rows", "entries", "values", "value",
        "list", "objects", "elements", "content", "contents", "hits", "resources", "collection", "nodes",
        "edges", "entities", "members", "docs", "documents", "resultset", "searchresults", "listitems",
        "response",
    ]
)  # fmt: skip
# Of a body: words of what stands beside rows. Counts, the way on, echoes of the question, the outcome.
BESIDE = frozenset(
    [
        "count", "total", "size", "length", "limit", "offset", "skip", "page", "pages", "per", "next",
        "prev", "previous", "first", "last", "more", "has", "cursor", "cursors", "token", "link", "links",
        "meta", "metadata", "paging", "pagination", "pager", "info", "object", "url", "uri", "self", "href",
        "status", "success", "ok", "error", "errors", "code", "message", "messages", "warnings", "request",
        "requests", "took", "time", "timestamp", "version", "kind", "type", "etag", "start", "end", "from",
        "to", "max", "min", "results", "sort", "order", "filter", "query", "truncated", "context", "index",
        "current", "number", "elements", "empty", "scroll", "marker", "is", "complete", "done", "expand",
        "schema", "date", "day", "sync", "incomplete", "included", "facets", "aggregations", "odata", "nb",
        "num", "found", "returned",
    ]
)  # fmt: skip
NOT_ROWS = frozenset(
    [
        "links", "errors", "error", "warnings", "included", "meta", "facets", "aggregations", "messages",
        "sort", "expand", "schemas",
    ]
)  # fmt: skip
IDENTITY = frozenset({"id", "uuid", "guid", "name", "email", "title", "slug"})
COUNTS = frozenset({"count", "total", "totals"})

# Of parameters: the size of a page.
SIZES = frozenset(
    [
        "limit", "perpage", "pagesize", "pagelimit", "size", "count", "maxresults", "max", "top", "first",
        "num", "resultsperpage", "itemsperpage", "rowsperpage", "recordsperpage", "entriesperpage",
        "pageitems", "take", "maxrecords", "maxitems", "maxrows", "maxcount", "maxpagesize", "pagelen",
        "pagelength", "rows", "recordsize", "hitsperpage", "batchsize", "results", "nb", "amount",
        "numresults", "numitems", "numberofitems", "numberofresults", "numberofrecords", "numberofrows",
        "resultlimit", "rowlimit", "limitto", "pagecount", "itemcount", "chunksize", "fetchsize",
        "resultcount", "rowcount", "recordcount", "pagemaxresults", "n", "pagenumitems", "perpagelimit",
        "pp", "ps", "itemsonpage", "maxnumberofresults", "resultspagesize",
    ]
)  # fmt: skip
# Those of them that mean something else at times: another name is taken before.
UNSURE_SIZES = frozenset(["first", "max", "n", "count", "results", "rows", "size", "amount", "top", "num"])
OFFSETS = frozenset(
    [
        "offset", "skip", "startindex", "startat", "start", "from", "firstresult", "begin", "startposition",
        "pageoffset", "startrow", "position", "startfrom", "rowoffset", "recordoffset", "resultoffset",
        "skipcount", "firstindex", "firstrow", "fromindex", "startrecord", "firstrecord", "startingat",
        "beginindex", "toskip", "itemoffset", "offsetby", "startoffset", "listoffset", "skiprows",
        "skiprecords", "skipresults",
    ]
)  # fmt: skip
PAGES = frozenset(
    [
        "page", "pagenumber", "pagenum", "pageno", "pageindex", "currentpage", "p", "pg", "paged", "pagenr",
        "pageid", "pagepage", "startpage", "whichpage", "requestedpage", "resultpage", "resultspage",
        "pagecurrent",
    ]
)  # fmt: skip
CURSORS = frozenset(
    [
        "cursor", "after", "pagetoken", "nexttoken", "continuationtoken", "continuation", "continuefrom",
        "startcursor", "nextcursor", "pagecursor", "pageafter", "pageinfo", "scrollid", "marker",
        "nextpagetoken", "nextpage", "nextpagekey", "bookmark", "token", "next", "continue", "searchafter",
        "aftercursor", "fromcursor", "pagekey", "exclusivestartkey", "startkey", "nextkey", "querylocator",
        "cursormark", "paginationtoken", "pagingtoken", "nextmarker", "pagemarker", "cursorafter",
        "paginationkey", "nextpagecursor", "cursorid", "cursortoken", "starttoken", "startingtoken",
        "pagestate", "pagestartcursor", "resumetoken", "skiptoken", "nextpageid", "pagingcursor",
        "paginationcursor", "cursornext", "pagenext", "nextid", "pagebookmark",
    ]
)  # fmt: skip
IDS = frozenset(
    [
        "sinceid", "afterid", "lastid", "startingafter", "startafter", "fromid", "lastseenid", "idafter",
        "idgt", "startafterid", "lastitemid", "greaterthanid", "minid", "afteruuid", "idgreaterthan",
        "startid", "lastitem", "startingid", "lastkey", "sinceuuid", "previouslastid", "idfrom",
        "cursorlastid",
    ]
)  # fmt: skip

# Of a body: the link to the next page, the cursor of it, and what may be either.
NEXT_URLS = frozenset(
    [
        "nexturl", "nexturi", "nextlink", "nexthref", "nextpageurl", "nextpageuri", "nextpagelink",
        "nextpagehref", "nextrecordsurl", "odatanextlink", "nextpagepath", "nextpath", "nextresultsurl",
        "urlnext", "linknext", "nextresults", "nextbatchurl", "nextlinkurl", "nextpagerequest", "hrefnext",
    ]
)  # fmt: skip
NEXT_CURSORS = frozenset(
    [
        "nextcursor", "nextpagetoken", "nexttoken", "continuationtoken", "nextpagecursor", "endcursor",
        "nextmarker", "nextstartingafter", "scrollid", "nextcontinuationtoken", "nextkey", "nextpagekey",
        "nextbookmark", "lastevaluatedkey", "nextpageid", "querylocator", "aftercursor", "nextafter",
        "nextid", "cursornext", "nextcursormark", "nextpagemarker", "nextstartkey", "nextsearchafter",
        "nextpageinfo", "paginationtoken", "nextpaginationtoken", "continuation", "nextcursortoken",
        "nextscrollid", "nextcursorid", "nextstate", "nextpagestate", "nextstart", "nextskiptoken",
        "resumetoken", "nextcontinuation", "nextlastid",
    ]
)  # fmt: skip
NEXT = frozenset({"next", "nextpage"})
# A cursor under these names only where a parameter takes one.
WEAK_CURSORS = frozenset(
    [
        "cursor", "after", "token", "marker", "bookmark", "pagetoken", "startingafter", "pageinfo",
        "pagecursor", "lastid", "lastkey", "nextoffset", "offset", "key", "id", "last", "lastitem",
    ]
)  # fmt: skip
MORE = frozenset(
    [
        "hasmore", "hasnext", "hasnextpage", "more", "moreitems", "moreresults", "hasmoreitems", "ismore",
        "moreavailable",
    ]
)  # fmt: skip

# Of a body and of headers: how many there are.
TOTALS = frozenset(
    [
        "total", "totalcount", "totalresults", "totalitems", "totalelements", "totalrecords", "totalsize",
        "totalrows", "totalhits", "totalentries", "numresults", "resultcount", "odatacount", "totalnumber",
        "nbhits", "numfound", "totalavailable", "countall", "totalresultcount", "totalitemcount",
        "totalrecordcount", "itemstotal", "rowstotal", "resultstotal", "recordstotal", "totalmatches",
        "overallcount", "fullcount", "grandtotal", "alltotal", "totalobjects", "counttotal",
        "paginationtotal", "totalnumberofitems", "totalnumberofresults", "hitstotal",
    ]
)  # fmt: skip
PAGE_COUNTS = frozenset(
    [
        "totalpages", "pagecount", "pages", "lastpage", "numpages", "totalpagecount", "nbpages",
        "pagestotal", "totalnumberofpages", "maxpage", "numberofpages", "pagetotal", "countpages",
    ]
)  # fmt: skip
TOTAL_HEADERS = frozenset(
    [
        "xtotalcount", "xtotal", "totalcount", "xpaginationtotalcount", "xwptotal", "xtotalresults",
        "xtotalitems", "xtotalrecords", "paginationcount", "xcount",
    ]
)  # fmt: skip
PAGE_HEADERS = frozenset(
    ["xtotalpages", "xpagecount", "xwptotalpages", "xpaginationpagecount", "totalpages"]
)  # fmt: skip
CURSOR_HEADERS = frozenset(
    [
        "xnextcursor", "nextcursor", "xnextpagetoken", "xcontinuationtoken", "xnexttoken", "xcursor",
        "xnextpagecursor", "nextpagetoken", "xnextmarker", "xpaginationnextcursor",
    ]
)  # fmt: skip

# Of paths whose rows are figures of something.
FIGURES = frozenset(["stats", "statistics", "metrics", "analytics", "insights", "report", "reports"])
# Of the fields of a row.
KEYS = ("id", "uuid", "guid", "oid", "gid", "sid")
CHANGES = frozenset(
    [
        "updated", "update", "modified", "modification", "edited", "changed", "lastmod", "modify", "mtime",
        "lastmodified", "lastupdated", "lastmodifieddate", "updatedat", "modifiedat", "lastupdate",
    ]
)  # fmt: skip
MADE = frozenset(
    ["created", "creation", "create", "added", "inserted", "createdat", "ctime", "date", "timestamp"]
)  # fmt: skip
MOMENTS = frozenset(["at", "on", "date", "time", "timestamp", "ts", "datetime", "utc", "gmt"])
NO_MOMENTS = frozenset(
    ["by", "user", "count", "id", "ids", "name", "email", "from", "reason", "type", "status", "url"]
)  # fmt: skip

# Of parameters that ask by time: the edges of a window, and what they go by.
STARTS = frozenset(
    [
        "since", "after", "start", "from", "begin", "min", "gte", "gt", "ge", "minimum", "oldest", "lower",
        "starting", "newer",
    ]
)  # fmt: skip
ENDS = frozenset(
    [
        "until", "before", "end", "to", "max", "lte", "lt", "le", "maximum", "latest", "upper", "till",
        "ending", "older", "through",
    ]
)  # fmt: skip
ASKED_CHANGES = frozenset(
    [
        "updated", "update", "modified", "changed", "modification", "edited", "lastmodified", "updatedat",
        "modifiedsince", "modify", "change",
    ]
)  # fmt: skip
ASKED_MAKES = frozenset(["created", "creation", "create", "added", "createdat", "createdsince"])
DATED = frozenset(["date", "time", "datetime", "timestamp", "day", "at", "ts", "on"])
