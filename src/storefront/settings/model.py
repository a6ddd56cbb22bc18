"""The whole of the settings."""

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from storefront.settings.cache import Cache
from storefront.settings.catalogue import Catalogue
from storefront.settings.database import Database
from storefront.settings.mail import Mail
from storefront.settings.observability import Observability
from storefront.settings.partner import Partner
from storefront.settings.section import setting
from storefront.settings.security import Security
from storefront.settings.web import Web
from storefront.settings.workers import Workers

PREFIX = "STOREFRONT_"


class Settings(BaseSettings):
    """All settings of the shop; every process reads the same file.

    A variable `STOREFRONT_<SECTION>__<SETTING>` in the environment wins over the file, so that a secret
    need not stand in it.
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_nested_delimiter="__"
    )

    web: Web = setting(Web(), "How a replica answers requests.")
    database: Database = setting(Database(), "PostgreSQL, the pool and the SQL files.")
    cache: Cache = setting(Cache(), "Valkey, and each kind of cached thing.")
    catalogue: Catalogue = setting(Catalogue(), "What the shop shows.")
    security: Security = setting(Security(), "Sign-in, tokens and roles.")
    workers: Workers = setting(Workers(), "Background jobs.")
    partner: Partner = setting(Partner(), "The payment partner.")
    mail: Mail = setting(Mail(), "Mails to customers.")
    observability: Observability = setting(Observability(), "Metrics, logs, traces and chaos.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then the file; no .env files."""
        return env_settings, init_settings
