"""From what Titelive sends to what the warehouse holds, field by field."""

from __future__ import annotations

from tidegate.connectors.titelive.schemas import ApiArticle, ApiProduct
from tidegate.contracts.map import Apply, Default, Map
from tidegate.engine.context import Context
from tidegate.workflows.titelive.schemas import CleanProduct

_CODES = {"\u20ac": "EUR", "$": "USD", "\u00a3": "GBP"}


def currency(sign: str) -> str:
    return _CODES.get(sign.strip(), sign.strip())


def codes(article: ApiArticle) -> list[str]:
    return [subject.code for subject in article.gtl]


def labels(article: ApiArticle) -> list[str]:
    return [subject.libelle for subject in article.gtl]


to_clean_product = Map(
    ApiProduct,
    CleanProduct,
    is_deleted="deleted",
    work_id="work.id",
    title="work.titre",
    authors=Default("work.auteurs_multi", []),
    author_line="work.auteurs",
    publisher="article.editeur",
    price="article.prix",
    currency=Apply(currency, "article.prixpays.fr.devise"),
    tax_rate="article.taux_tva",
    published_on="article.dateparution",
    availability="article.dispo",
    page_count="article.pages",
    weight="article.poids",
    has_image="article.image",
    is_schoolbook="article.scolaire",
    gtl_codes=Default(Apply(codes, "article"), []),
    gtl_labels=Default(Apply(labels, "article"), []),
    modified_on="article.datemodification",
    article="article_as_sent",
    work="work_as_sent",
)


def to_clean_change(product: ApiProduct, ctx: Context) -> CleanProduct | None:
    """An article of the day; one of the same work that was modified on another day belongs to that one.

    One that does not say when is kept: no day would have it.
    """
    modified_on = product.article.datemodification if product.article else None
    window = ctx.window
    if modified_on and window and not window.first_day <= modified_on <= window.last_day:
        return None
    return to_clean_product(product)
