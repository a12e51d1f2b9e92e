"""Auth managers: flows that put a credential on a request, and may ask for a token of their own first.

BaseAuthManager
|- APIKeyAuthManager                 a key in a header or in the query
|- BasicAuthManager                  user and password
|- BearerAuthManager                 a token that was made elsewhere
`- TokenAuthManager                  a token that lives for a while, one call for all who need it
   |- OAuth2AuthManager              client credentials, refresh token, password, JWT bearer
   |  `- ServiceAccountAuthManager   Google
   |- JWTAuthManager                 signed here
   `- TokenEndpointAuthManager       a login of the vendor's own
"""

from tidegate.http_tools.auth.api_key import APIKeyAuthManager
from tidegate.http_tools.auth.base import BaseAuthManager, Hop
from tidegate.http_tools.auth.basic import BasicAuthManager, BearerAuthManager
from tidegate.http_tools.auth.client_auth import (
    ClientAuth,
    PrivateKeyJWT,
    PublicClient,
    SecretBasic,
    SecretPost,
)
from tidegate.http_tools.auth.grants import ClientCredentials, Grant, JWTBearer, Password, RefreshToken
from tidegate.http_tools.auth.jwt import JWTAuthManager
from tidegate.http_tools.auth.manager import TokenAuthManager
from tidegate.http_tools.auth.oauth2 import OAuth2AuthManager
from tidegate.http_tools.auth.placement import InHeader, InQuery
from tidegate.http_tools.auth.secret_store import SecretTokenStore
from tidegate.http_tools.auth.service_account import ServiceAccountAuthManager
from tidegate.http_tools.auth.signing import JWTSigner
from tidegate.http_tools.auth.stores import FileTokenStore, LeasedTokenStore, MemoryTokenStore, TokenStore
from tidegate.http_tools.auth.token_endpoint import TokenEndpointAuthManager
from tidegate.http_tools.auth.tokens import Granted

__all__ = [
    "APIKeyAuthManager",
    "BaseAuthManager",
    "BasicAuthManager",
    "BearerAuthManager",
    "ClientAuth",
    "ClientCredentials",
    "FileTokenStore",
    "Grant",
    "Granted",
    "Hop",
    "InHeader",
    "InQuery",
    "JWTAuthManager",
    "JWTBearer",
    "JWTSigner",
    "LeasedTokenStore",
    "MemoryTokenStore",
    "OAuth2AuthManager",
    "Password",
    "PrivateKeyJWT",
    "PublicClient",
    "RefreshToken",
    "SecretBasic",
    "SecretPost",
    "SecretTokenStore",
    "ServiceAccountAuthManager",
    "TokenAuthManager",
    "TokenEndpointAuthManager",
    "TokenStore",
]
